using System.IO.Compression;
using System.Security.Cryptography;

namespace Juice.Data;

/// <summary>
/// A gzipped file on the web. Its checksum is that of the unpacked content, which is the same whatever packed it; a file that does not match
/// never reaches its folder.
/// </summary>
internal sealed record Download(string File, Uri Address, string UnpackedSha256)
{
    private const long MostBytes = 256L << 20;

    public async Task FetchAsync(HttpClient client, string folder, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, File);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            await SaveAsync(client, temporary, progress, cancellation).ConfigureAwait(false);
            await VerifyAsync(temporary, cancellation).ConfigureAwait(false);
            System.IO.File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            System.IO.File.Delete(temporary);   // nothing is left of it after the move
        }
    }

    private async Task SaveAsync(HttpClient client, string path, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        using HttpResponseMessage response =
            await client.GetAsync(Address, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        using Stream content = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        byte[] buffer = new byte[1 << 16];
        long bytes = 0;
        for (int read; (read = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            bytes += read;
            if (bytes > MostBytes) throw new InvalidDataException($"{Address} sends more than {MostBytes} bytes");
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress?.Report(new(File, bytes, response.Content.Headers.ContentLength));
        }
        file.Flush(flushToDisk: true);
    }

    private async Task VerifyAsync(string path, CancellationToken cancellation)
    {
        using FileStream file = System.IO.File.OpenRead(path);
        using GZipStream unpacked = new(file, CompressionMode.Decompress);
        string found;
        try
        {
            found = Convert.ToHexStringLower(await SHA256.HashDataAsync(unpacked, cancellation).ConfigureAwait(false));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Address} did not send a gzipped file: {e.Message}", e);
        }
        if (found != UnpackedSha256)
            throw new InvalidDataException($"{Address} did not send what was expected: its SHA-256 when unpacked is {found}, not {UnpackedSha256}");
    }
}
