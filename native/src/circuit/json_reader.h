// Reads JSON (RFC 8259) front to back, value by value, as its caller's schema asks: no tree is built and nothing recurses, so that a
// hostile text costs no more than its length. What does not fit is an Error(JUICE_ERROR_FORMAT) that names the text and the byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace juice {

class JsonReader {
public:
    // `what` names the text in errors: "the header". Both must outlive the reader.
    JsonReader(std::string_view text, const char* what) : text_(text), what_(what) {}

    // Calls member(key) for each member, which must read its value. Whether keys may repeat is the caller's to judge.
    template <typename Member>
    void object(Member&& member) {
        expect('{', "an object");
        if (take('}')) return;
        do {
            const std::string key = string();
            expect(':', "':'");
            member(key);
        } while (take(','));
        expect('}', "',' or '}'");
    }

    // Calls element() for each element, which must read it.
    template <typename Element>
    void array(Element&& element) {
        expect('[', "an array");
        if (take(']')) return;
        do {
            element();
        } while (take(','));
        expect(']', "',' or ']'");
    }

    std::string string();
    std::int64_t integer();
    double real();
    float real32();
    bool at_array() noexcept;
    void end();         // nothing but space is left

    [[noreturn]] void fail_here(const char* rule) const;

private:
    void skip_space() noexcept;
    bool take(char c) noexcept;
    void expect(char c, const char* name);
    std::string_view number();
    std::uint32_t hex4();
    void append_escape(std::string& out);

    std::string_view text_;
    const char* what_;
    std::size_t at_ = 0;
};

}  // namespace juice
