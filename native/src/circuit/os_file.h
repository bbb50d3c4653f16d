// Files as the operating system gives them: mapped for reading, replaced as a whole by writing. Errors are Error(JUICE_ERROR_FILE) with the path
// and the system's reason.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace juice {

struct MappedFile {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> keeper;     // unmaps with its last copy
};

// A regular file, read-only. Whoever shortens the file while it is mapped takes the bytes from under the reader; writers that replace, as ours, do not.
MappedFile map_file(const std::string& path);

// Writes beside the target and takes its place on commit, so that a crash leaves the old file or the new one. Without a commit the target stays as
// it was and the temporary file is removed. A target that is no regular file (a pipe, /dev/stdout) has no place to take: it is written directly.
class FileWriter {
public:
    explicit FileWriter(const std::string& path);
    ~FileWriter();
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    void write(std::span<const std::byte> bytes);
    void commit();

private:
    [[noreturn]] void fail_write() const;
    void open_temporary(const std::string& folder);
    template <typename Make>        // make(name) < 0: it failed, errno says why
    void under_new_name(const std::string& folder, Make&& make);

    std::string path_;          // as the caller named it
    std::string target_;        // behind symbolic links
    std::string temporary_;     // empty: no name to remove
    int file_ = -1;
    bool replaces_ = false;     // takes the target's place; otherwise it is written directly
    bool nameless_ = false;     // has no name before it is whole
};

}  // namespace juice
