// Files on disk: mapped, replaced as a whole, and what happens where that cannot be.
#include "circuit/os_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "circuit/file.h"
#include "circuit/model_file.h"

namespace juice {

namespace {

namespace fs = std::filesystem;

void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string read_text(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void replace_text(const std::string& path, const std::string& text) {
    FileWriter writer(path);
    writer.write(std::as_bytes(std::span(text)));
    writer.commit();
}

std::size_t files_in(const fs::path& folder) { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator())); }

TEST(OsFileTest, ReplacesTheFileAndLeavesNothingElse) {
    const std::string path = temporary_path("a");
    write_text(path, "old");
    replace_text(path, "new text");
    EXPECT_EQ(read_text(path), "new text");
    EXPECT_EQ(files_in(fs::path(path).parent_path()), 1u);
}

TEST(OsFileTest, LeavesTheOldFileWithoutACommit) {
    const std::string path = temporary_path("a");
    write_text(path, "old");
    {
        FileWriter writer(path);
        writer.write(std::as_bytes(std::span("half", 4)));
        EXPECT_EQ(read_text(path), "old");
    }
    EXPECT_EQ(read_text(path), "old");
    EXPECT_EQ(files_in(fs::path(path).parent_path()), 1u);
}

#ifdef __linux__
// A process that is killed while it writes: the old file, and no other.
TEST(OsFileTest, LeavesNothingOfAWriteThatWasKilled) {
    const std::string path = temporary_path("a");
    write_text(path, "old");
    const int probe = open(fs::path(path).parent_path().c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    if (probe < 0) GTEST_SKIP() << "this file system has no files without a name";
    close(probe);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        FileWriter writer(path);
        writer.write(std::as_bytes(std::span("half", 4)));
        std::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(read_text(path), "old");
    EXPECT_EQ(files_in(fs::path(path).parent_path()), 1u);
}
#endif

TEST(OsFileTest, KeepsTheModeOfAFileAndTheUsualOneOfANewFile) {
    const std::string path = temporary_path("a"), fresh = temporary_path("b");
    fs::remove(fresh);
    write_text(path, "old");
    ASSERT_EQ(chmod(path.c_str(), 0640), 0);
    replace_text(path, "new");
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u);
    const mode_t mask = umask(027);
    replace_text(fresh, "new");
    umask(mask);
    ASSERT_EQ(stat(fresh.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST(OsFileTest, WritesThroughALink) {
    const std::string path = temporary_path("a"), link = temporary_path("link");
    write_text(path, "old");
    fs::remove(link);
    fs::create_symlink(path, link);
    replace_text(link, "new");
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(read_text(path), "new");
}

TEST(OsFileTest, WritesIntoTheCurrentFolder) {
    const fs::path before = fs::current_path();
    fs::current_path(fs::path(temporary_path("a")).parent_path());
    replace_text("bare", "new");
    EXPECT_EQ(read_text("bare"), "new");
    fs::current_path(before);
}

TEST(OsFileTest, SaysWhyAFileCannotBeWritten) {
    const std::string missing = temporary_path("nowhere") + "/model.juice";
    const std::string sentence = sentence_of(JUICE_ERROR_FILE, [&] { replace_text(missing, "text"); });
    EXPECT_NE(sentence.find(missing), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("No such file"), std::string::npos) << sentence;
    const std::string folder = fs::path(temporary_path("a")).parent_path();
    EXPECT_NE(sentence_of(JUICE_ERROR_FILE, [&] { replace_text(folder, "text"); }).find("directory"), std::string::npos);
    EXPECT_NE(sentence_of(JUICE_ERROR_FILE, [] { replace_text("", "text"); }).find("cannot be written"), std::string::npos);
}

TEST(OsFileTest, SaysThatADiskIsFull) {
    if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    const std::string sentence = sentence_of(JUICE_ERROR_FILE, [&] { write_circuit(*circuit, "/dev/full"); });
    EXPECT_EQ(sentence, "/dev/full cannot be written: No space left on device");
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(OsFileTest, RemovesTheTemporaryFileWhereWritingFails) {
    const std::string path = temporary_path("model.juice");
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    write_circuit(*circuit, path);
    const std::vector<std::byte> before = read_bytes(path);
    struct rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small{100, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string sentence;
    try {
        write_circuit(*circuit, path);
    } catch (const std::exception& error) {
        sentence = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(sentence, path + " cannot be written: File too large");
    EXPECT_EQ(read_bytes(path), before);
    EXPECT_EQ(files_in(fs::path(path).parent_path()), 1u);
}

TEST(OsFileTest, SaysWhyAFileCannotBeRead) {
    const std::string missing = temporary_path("missing");
    const std::string sentence = sentence_of(JUICE_ERROR_FILE, [&] { map_file(missing); });
    EXPECT_NE(sentence.find(missing + " cannot be opened: No such file"), std::string::npos) << sentence;
    const std::string folder = fs::path(missing).parent_path();
    EXPECT_NE(sentence_of(JUICE_ERROR_FILE, [&] { map_file(folder); }).find("not a regular file"), std::string::npos);
    const std::string pipe = temporary_path("pipe");
    fs::remove(pipe);
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_NE(sentence_of(JUICE_ERROR_FILE, [&] { map_file(pipe); }).find("not a regular file"), std::string::npos);
}

TEST(OsFileTest, MapsAnEmptyFile) {
    const std::string path = temporary_path("empty");
    write_text(path, "");
    EXPECT_TRUE(map_file(path).bytes.empty());
    EXPECT_NE(sentence_of(JUICE_ERROR_FORMAT, [&] { read_circuit(path, nullptr); }).find("0 bytes are too few"), std::string::npos);
}

TEST(OsFileTest, ACircuitOutlivesItsFile) {
    const std::string path = temporary_path("model.juice");
    const auto original = read_circuit(ModelFile::some().bytes(), nullptr);
    write_circuit(*original, path);
    const auto mapped = read_circuit(path, nullptr);
    write_circuit(*read_circuit(conformance_path(3), nullptr), path);
    expect_same(*original, *mapped);
    fs::remove(path);
    expect_same(*original, *mapped);
}

}  // namespace

}  // namespace juice
