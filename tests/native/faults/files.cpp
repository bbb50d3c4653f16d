// Writing a model file while the system fails: the old file stays whole or the new one is, nothing else is left, and the sentence names the path and
// the reason.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "api/some.h"
#include "faults/interpose.h"

namespace {

namespace fs = std::filesystem;
using faults::FileCall;
using faults::NoFile;
using faults::Until;

std::string contents(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

class FileFaults : public testing::Test {
protected:
    FileFaults() : folder_(fs::path(testing::TempDir()) / ("juice-faults-" + std::to_string(getpid()))), path_(folder_ / "model.juice") {
        fs::create_directories(folder_);
        juice_circuit* changed = nullptr;
        EXPECT_OK(juice_circuit_with_metadata(old_.get(), "age", "new", &changed));
        new_.reset(changed);
        EXPECT_OK(juice_circuit_write(new_.get(), path_.c_str()));
        new_bytes_ = contents(path_);
        put_old();
    }
    ~FileFaults() override { fs::remove_all(folder_); }

    void put_old() {
        EXPECT_OK(juice_circuit_write(old_.get(), path_.c_str()));
        old_bytes_ = contents(path_);
    }

    void expect_alone() const { EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1); }

    // Fails every call of the kind in turn; counts those that failed the write.
    int fail_each(FileCall call, int error, Until until) {
        int failures = 0;
        for (std::int64_t k = 0; k < 100; ++k) {
            put_old();
            juice_status status = JUICE_OK;
            bool fired = false;
            {
                const NoFile fault(call, k, error, until);
                status = juice_circuit_write(new_.get(), path_.c_str());
                fired = fault.fired();
            }
            expect_alone();
            if (status == JUICE_OK) {
                EXPECT_EQ(contents(path_), new_bytes_);
            } else {
                ++failures;
                EXPECT_STATUS(JUICE_ERROR_FILE, status, path_.c_str(), std::strerror(error));
                EXPECT_EQ(contents(path_), old_bytes_);
            }
            if (!fired) {
                EXPECT_EQ(status, JUICE_OK);
                return failures;
            }
        }
        ADD_FAILURE() << "the calls do not end";
        return failures;
    }

    fs::path folder_;
    std::string path_, old_bytes_, new_bytes_;
    some::CircuitHandle old_ = some::circuit(), new_;
};

TEST_F(FileFaults, EveryCallThatFailsLeavesTheOldFileOrTheNewOne) {
    for (const int error : {ENOSPC, EIO, EDQUOT}) {
        for (const Until until : {Until::Once, Until::Forever}) {
            for (const FileCall call : {FileCall::Open, FileCall::Write, FileCall::Sync, FileCall::Link, FileCall::Rename, FileCall::Close}) {
                SCOPED_TRACE(std::string(std::strerror(error)) + ", call " + std::to_string(static_cast<int>(call)));
                // Where the system has no files without a name, none is given one.
                EXPECT_GE(fail_each(call, error, until), call == FileCall::Link ? 0 : 1) << "no call was failed";
            }
        }
    }
}

TEST_F(FileFaults, AnInterruptedCallIsMadeAgain) {
    for (const FileCall call : {FileCall::Open, FileCall::Write, FileCall::Sync, FileCall::Close}) {
        SCOPED_TRACE(static_cast<int>(call));
        EXPECT_EQ(fail_each(call, EINTR, Until::Once), 0);
    }
}

TEST_F(FileFaults, AWriteThatTakesAPartIsGoneOnWith) {
    const NoFile fault(FileCall::Write, 0, faults::short_write, Until::Forever);
    EXPECT_OK(juice_circuit_write(new_.get(), path_.c_str()));
    EXPECT_TRUE(fault.fired());
    EXPECT_EQ(contents(path_), new_bytes_);
}

TEST_F(FileFaults, WhereFilesNeedANameTheyHaveOneFromTheStart) {
    const NoFile fault(FileCall::Open, 0, EOPNOTSUPP);
    EXPECT_OK(juice_circuit_write(new_.get(), path_.c_str()));
    EXPECT_TRUE(fault.fired());
    EXPECT_EQ(contents(path_), new_bytes_);
    expect_alone();
}

TEST_F(FileFaults, ANewFileThatCannotBeWrittenIsNotThere) {
    fs::remove(path_);
    {
        const NoFile fault(FileCall::Write, 0, ENOSPC);
        EXPECT_STATUS(JUICE_ERROR_FILE, juice_circuit_write(new_.get(), path_.c_str()), path_.c_str(), "No space left");
    }
    EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
