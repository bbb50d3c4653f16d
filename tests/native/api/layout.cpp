// The layout table against juice.h itself: every struct and every field, in order, with the sizes and offsets that this compiler sees.
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "api/some.h"

namespace {

struct Entry {
    std::string struct_name, field;
    std::int64_t offset, size;
};

std::vector<Entry> reported() {
    std::vector<Entry> entries;
    const char *struct_name = nullptr, *field = nullptr;
    std::int64_t offset = -1, size = -1;
    for (std::int32_t i = 0; juice_layout(i, &struct_name, &field, &offset, &size) == JUICE_OK; ++i) entries.push_back({struct_name, field, offset, size});
    return entries;
}

std::string header_without_comments() {
    std::ifstream file(JUICE_HEADER);
    std::stringstream text;
    text << file.rdbuf();
    return std::regex_replace(text.str(), std::regex(R"(/\*[^*]*\*+([^/*][^*]*\*+)*/)"), "");
}

// (struct, field) of the header, "" standing for the struct itself.
std::vector<std::pair<std::string, std::string>> declared() {
    std::vector<std::pair<std::string, std::string>> names;
    const std::string header = header_without_comments();
    const std::regex structs(R"(typedef struct (\w+) \{([^}]*)\})"), fields(R"((\w+)(\[\d+\])?;)");
    for (std::sregex_iterator match(header.begin(), header.end(), structs), end; match != end; ++match) {
        const std::string name = (*match)[1], body = (*match)[2];
        names.emplace_back(name, "");
        for (std::sregex_iterator field(body.begin(), body.end(), fields); field != end; ++field) names.emplace_back(name, (*field)[1]);
    }
    return names;
}

}  // namespace

TEST(Layout, HoldsEveryStructAndFieldOfTheHeader) {
    std::vector<std::pair<std::string, std::string>> names;
    for (const Entry& entry : reported()) names.emplace_back(entry.struct_name, entry.field);
    const auto wanted = declared();
    ASSERT_GT(wanted.size(), 100u) << "the header was not understood";
    EXPECT_EQ(wanted, names);
}

TEST(Layout, AgreesWithThisCompiler) {
    std::size_t met = 0;
    for (const Entry& entry : reported()) {
        const auto expect = [&](const char* struct_name, const char* field, std::size_t offset, std::size_t size) {
            if (entry.struct_name != struct_name || entry.field != field) return;
            EXPECT_EQ(offset, static_cast<std::size_t>(entry.offset)) << struct_name << '.' << field;
            EXPECT_EQ(size, static_cast<std::size_t>(entry.size)) << struct_name << '.' << field;
            ++met;
        };
        expect("juice_vector", "", 0, sizeof(juice_vector));
        expect("juice_vector", "distribution", offsetof(juice_vector, distribution), sizeof(juice_distribution));
        expect("juice_device", "reason", offsetof(juice_device, reason), 256);
        expect("juice_rows", "sentinel", offsetof(juice_rows, sentinel), sizeof(double));
        expect("juice_epoch_options", "rule", offsetof(juice_epoch_options, rule), sizeof(juice_rule));
        expect("juice_epoch_result", "seconds", offsetof(juice_epoch_result, seconds), sizeof(double));
    }
    EXPECT_EQ(6u, met);
}

TEST(Layout, FieldsLieInsideTheirStructWithoutOverlap) {
    std::string current;
    std::int64_t end = 0, whole = 0;
    for (const Entry& entry : reported()) {
        if (entry.field.empty()) {
            current = entry.struct_name;
            whole = entry.size;
            end = 0;
            continue;
        }
        EXPECT_EQ(current, entry.struct_name);
        EXPECT_GE(entry.offset, end) << current << '.' << entry.field;
        end = entry.offset + entry.size;
        EXPECT_LE(end, whole) << current << '.' << entry.field;
    }
}

TEST(Layout, EndsWithAnArgumentError) {
    const auto count = static_cast<std::int32_t>(reported().size());
    const char *struct_name = nullptr, *field = nullptr;
    std::int64_t offset = 0, size = 0;
    EXPECT_ARGUMENT_ERROR(juice_layout(count, &struct_name, &field, &offset, &size), "index is", "must be in 0");
    EXPECT_ARGUMENT_ERROR(juice_layout(-1, &struct_name, &field, &offset, &size), "index is -1");
    EXPECT_ARGUMENT_ERROR(juice_layout(0, nullptr, &field, &offset, &size), "struct_name is NULL");
    EXPECT_ARGUMENT_ERROR(juice_layout(0, &struct_name, nullptr, &offset, &size), "field is NULL");
    EXPECT_ARGUMENT_ERROR(juice_layout(0, &struct_name, &field, nullptr, &size), "offset is NULL");
    EXPECT_ARGUMENT_ERROR(juice_layout(0, &struct_name, &field, &offset, nullptr), "size is NULL");
}
