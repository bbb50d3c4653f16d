// juice.h, section 3: circuits from and to files, streams and JSON.
#include "api/arguments.h"
#include "api/guard.h"
#include "api/handles.h"
#include "api/text.h"
#include "circuit/file.h"

using namespace juice::api;

juice_status juice_circuit_read(const char* path, const std::uint64_t* seed, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_pointer(path, "path");
        check_pointer(circuit, "circuit");
        *circuit = new juice_circuit{juice::read_circuit(std::string(path), seed)};
    });
}

juice_status juice_circuit_read_memory(const void* bytes, std::int64_t length, const std::uint64_t* seed, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_least(length, 0, "length");
        check_array(bytes, length, "bytes");
        check_pointer(circuit, "circuit");
        const std::span<const std::byte> file(static_cast<const std::byte*>(bytes), static_cast<std::size_t>(length));
        *circuit = new juice_circuit{juice::read_circuit(file, seed)};
    });
}

juice_status juice_circuit_write(const juice_circuit* circuit, const char* path) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(path, "path");
        juice::write_circuit(*circuit->circuit, std::string(path));
    });
}

juice_status juice_circuit_write_stream(const juice_circuit* circuit, juice_sink_callback sink, void* user) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(reinterpret_cast<const void*>(sink), "sink");
        juice::write_circuit(*circuit->circuit, [&](std::span<const std::byte> bytes) {
            if (sink(bytes.data(), static_cast<std::int64_t>(bytes.size()), user) != 0) {
                juice::fail(JUICE_ERROR_CANCELLED, "The sink ended the writing of the circuit.");
            }
        });
    });
}

juice_status juice_circuit_to_json(const juice_circuit* circuit, char** json) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(json, "json");
        *json = copy_text(juice::circuit_to_json(*circuit->circuit));
    });
}

juice_status juice_circuit_from_json(const char* json, std::int64_t length, const std::uint64_t* seed, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_least(length, 0, "length");
        check_array(json, length, "json");
        check_pointer(circuit, "circuit");
        *circuit = new juice_circuit{juice::circuit_from_json(std::string_view(json, static_cast<std::size_t>(length)), seed)};
    });
}
