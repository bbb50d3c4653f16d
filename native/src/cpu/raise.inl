// Parameters raised to a power, for EM between sums and maxima. Part of the kernels (kernels.inl).

static void raise(const Run& run, std::int32_t o, float power, float* to) {
    const PlanOwner& owner = run.owners[o];
    const OwnerState& state = run.states[o];
    const float* p = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    const auto raised = [&](Floats x) { return only(differs(x, splat(0.0f)), maximum(exp2(maximum(log2(x) * splat(power), splat(-126.0f))), splat(least_weight))); };
    switch (owner.kind) {
        case OwnerKind::Sum:
            for (std::int64_t i = 0; i + panel <= owner.parameter_count; i += panel) store(to + i, raised(load(p + i)));
            for (std::int64_t i = owner.parameter_count / panel * panel; i < owner.parameter_count; ++i)        // single edges
                to[i] = p[i] == 0 ? 0 : __builtin_fmaxf(__builtin_exp2f(__builtin_log2f(p[i]) * power), least_weight);
            return;
        case OwnerKind::Table:
            for (std::int64_t x = 0; x < owner.domain; ++x)
                for (std::int64_t q = 0; q < width; q += panel)
                    store(to + x * width + q, raised(add_product(load(state.offset + q), load(p + x * width + q), splat(state.scale))));
            return;
        case OwnerKind::LogTable: {
            const float* exponents = p + (owner.domain + 2) * width;
            for (std::int64_t x = 0; x < owner.domain; ++x) {
                const auto log_of = [&](std::int64_t i) { return (static_cast<double>(p[x * width + i]) + exponents[x]) * power; };
                double top = -__builtin_inf();
                for (std::int64_t i = 0; i < width; ++i) top = log_of(i) > top ? log_of(i) : top;
                const auto exponent = top >= owner.least_log ? static_cast<float>(__builtin_ceil(top)) : 0.0f;
                for (std::int64_t i = 0; i < width; ++i)
                    to[x * width + i] = log_of(i) >= owner.least_log ? static_cast<float>(log_of(i) - exponent) : -__builtin_inff();
                to[(owner.domain + 2) * width + x] = exponent;
            }
            __builtin_memcpy(to + owner.domain * width, p + owner.domain * width, static_cast<std::size_t>(2 * width) * sizeof(float));
            return;
        }
        case OwnerKind::Gaussian: {
            const float narrower = 1 / __builtin_sqrtf(power);
            for (std::int64_t i = 0; i < width; ++i) {
                to[i] = p[i];
                to[width + i] = p[width + i] * narrower;
                to[2 * width + i] = p[2 * width + i] * power;
            }
            return;
        }
    }
}
