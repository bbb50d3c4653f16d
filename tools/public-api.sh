#!/usr/bin/env bash
# Writes into PublicAPI.Unshipped.txt of each library what it shows and PublicAPI.Shipped.txt does not list. What is listed there and gone
# stays an error (RS0017) until its line is taken out, or repeated in PublicAPI.Unshipped.txt behind *REMOVED*.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for list in managed/*/PublicAPI.Unshipped.txt; do
    echo '#nullable enable' > "$list"
    dotnet format analyzers "$(dirname "$list")" --diagnostics RS0016
    git --no-pager diff --stat -- "$list"
done
