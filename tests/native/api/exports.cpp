// libjuice exports the functions that juice.h declares, and nothing else.
#include <cstdio>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace {

std::set<std::string> declared() {
    std::ifstream file(JUICE_HEADER);
    std::stringstream text;
    text << file.rdbuf();
    const std::string header = text.str();
    const std::regex functions(R"(JUICE_API [\w \*]*?(juice_\w+)\()");
    std::set<std::string> names;
    for (std::sregex_iterator match(header.begin(), header.end(), functions), end; match != end; ++match) names.insert((*match)[1]);
    return names;
}

// Names of the dynamic symbols that the library defines.
std::set<std::string> exported() {
    std::set<std::string> names;
    FILE* const pipe = popen(JUICE_NM " -D --defined-only --format=posix " JUICE_LIBRARY, "r");
    if (!pipe) return names;
    char line[4096];
    while (std::fgets(line, sizeof line, pipe)) {
        const std::string text = line;
        names.insert(text.substr(0, text.find_first_of(" @\n")));
    }
    return pclose(pipe) == 0 ? names : std::set<std::string>{};
}

}  // namespace

TEST(Exports, AreTheFunctionsOfTheHeader) {
    const auto wanted = declared();
    ASSERT_GT(wanted.size(), 40u) << "the header was not understood";
    EXPECT_EQ(wanted, exported());
}
