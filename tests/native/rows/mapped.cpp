// Rows in a mapped file: read as any others, and never more of them in the process than a bounded part, whatever the file's size.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "circuit/os_file.h"
#include "rows/rows.h"
#include "rows/some_rows.h"

namespace juice {
namespace {

constexpr std::int32_t variables = 1000;
constexpr std::int64_t count = 110'000;         // 110 MB

// Mapped pages of files that the process holds, in bytes; -1 where the system does not say.
std::int64_t held_of_files() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("RssFile:")) return std::stoll(line.substr(8)) * 1024;
    return -1;
}

std::uint8_t value_at(std::int64_t row, std::int64_t v) { return static_cast<std::uint8_t>(row * 7 + v); }

class MappedRows : public testing::Test {
protected:
    std::string path = testing::TempDir() + "juice-mapped-" + std::to_string(getpid());
    MappedFile file;
    juice_rows rows{};

    void SetUp() override {
        std::ofstream out(path, std::ios::binary);
        std::vector<char> row(variables);
        for (std::int64_t i = 0; i < count; ++i) {
            for (std::int32_t v = 0; v < variables; ++v) row[static_cast<std::size_t>(v)] = static_cast<char>(value_at(i, v));
            out.write(row.data(), variables);
        }
        out.close();
        ASSERT_TRUE(out);
        const int descriptor = open(path.c_str(), O_RDONLY);    // nothing of it may be in the system's cache: the reader must fetch
        fsync(descriptor);
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
        close(descriptor);
        file = map_file(path);
        rows.size = sizeof rows;
        rows.element = JUICE_BYTE;
        rows.data = file.bytes.data();
        rows.count = count;
        rows.variables = variables;
        rows.mapped = 1;
    }
    void TearDown() override { unlink(path.c_str()); }

    // Goes through `order` in batches, and returns the most bytes of files held on the way, less those before.
    std::int64_t read_all(const juice_rows& view, const std::int64_t* order, std::int64_t rows_in_all) {
        const std::int64_t before = held_of_files();
        std::int64_t most = 0;
        RowReader reader(view, Domains(variables, 256));
        Batch batch;
        for (std::int64_t first = 0; first < rows_in_all; first += 500) {
            const std::int64_t n = std::min<std::int64_t>(500, rows_in_all - first);
            reader.read(order ? order + first : nullptr, first, n, batch);
            if (first + n < rows_in_all) reader.read_ahead(order ? order + first + n : nullptr, first + n, std::min<std::int64_t>(500, rows_in_all - first - n));
            for (const std::int64_t i : {std::int64_t{0}, n - 1})
                for (const std::int32_t v : {0, 17, variables - 1}) {
                    const std::int64_t row = order ? order[first + i] : first + i, place = view.selection ? view.selection[row] : row;
                    if (batch.code_line(v)[i] != value_at(place, v)) ADD_FAILURE() << "row " << row << ", variable " << v;
                }
            most = std::max(most, held_of_files() - before);
        }
        return most;
    }
};

constexpr std::int64_t bound = 64 << 20;        // the file has 110 MB

TEST_F(MappedRows, InOrderHoldABoundedPartOfTheFile) { EXPECT_LT(read_all(rows, nullptr, count), bound); }

TEST_F(MappedRows, ShuffledHoldABoundedPartOfTheFile) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::shuffle(order.begin(), order.end(), std::mt19937(3));
    EXPECT_LT(read_all(rows, order.data(), count), bound);
}

TEST_F(MappedRows, SelectedHoldABoundedPartOfTheFile) {
    std::vector<std::int64_t> selection;
    for (std::int64_t i = 0; i < count; ++i)
        if (i % 13 != 5) selection.push_back(i);
    juice_rows selected = rows;
    selected.selection = selection.data();
    selected.count = static_cast<std::int64_t>(selection.size());
    selected.data_count = count;
    EXPECT_LT(read_all(selected, nullptr, selected.count), bound);
}

TEST_F(MappedRows, LeaveNothingHeldBehind) {
    const std::int64_t before = held_of_files();
    read_all(rows, nullptr, 20'000);
    EXPECT_LT(held_of_files() - before, 4 << 20);
}

// The first row lies where a page does not begin, the last one ends where a page does not end.
TEST_F(MappedRows, MayBeginAndEndAnywhere) {
    rows.data = file.bytes.data() + 12'345'000;
    rows.count = 777;
    RowReader reader(rows, Domains(variables, 256));
    Batch batch;
    reader.read_ahead(nullptr, 0, 777);
    reader.read(nullptr, 0, 777, batch);
    for (std::int64_t i = 0; i < 777; ++i)
        for (std::int32_t v = 0; v < variables; ++v) ASSERT_EQ(batch.code_line(v)[i], value_at(12'345 + i, v)) << "row " << i << ", variable " << v;
}

TEST_F(MappedRows, AreNotMappedByHalves) {
    rows.mapped = 2;
    EXPECT_EQ(some::error_of([&] { check_rows(rows, variables); }), "1: rows.mapped: 2 is neither 0 nor 1");
}

}  // namespace
}  // namespace juice
