// A plan's arrays on the device.
#pragma once

#include "cuda/memory.h"
#include "cuda/run.h"
#include "plan/engine.h"

namespace juice::cuda {

struct DevicePlan {
    DevicePlan(const PlanView& plan, cudaStream_t stream)
        : operations(to_device(plan.operations, plan.operation_count, stream)),
          segments(to_device(plan.segments, plan.segment_count, stream)),
          factors(to_device(plan.factors, plan.factor_count, stream)),
          readers(to_device(plan.readers, plan.reader_count, stream)),
          blocks(to_device(plan.blocks, plan.block_count, stream)),
          owners(to_device(plan.owners, plan.owner_count, stream)),
          tiles(to_device(plan.tiles, plan.tile_count, stream)),
          maps(to_device(plan.maps, plan.map_count, stream)),
          stage_operations(to_device(plan.stage_operations, plan.stage_operation_count, stream)),
          uses(to_device(plan.uses, plan.use_count, stream)) {}

    // Points a run at them.
    void give(Run& run) const {
        run.operations = operations.data();
        run.segments = segments.data();
        run.factors = factors.data();
        run.readers = readers.data();
        run.blocks = blocks.data();
        run.owners = owners.data();
        run.tiles = tiles.data();
        run.maps = maps.data();
        run.stage_operations = stage_operations.data();
        run.uses = uses.data();
    }

    Array<PlanOperation> operations;
    Array<PlanSegment> segments;
    Array<PlanFactor> factors;
    Array<PlanReader> readers;
    Array<PlanBlock> blocks;
    Array<PlanOwner> owners;
    Array<PlanTile> tiles;
    Array<std::int32_t> maps, stage_operations, uses;

private:
    template <class T>
    static Array<T> to_device(const T* from, std::int64_t count, cudaStream_t stream) {
        Array<T> array(count, "the plan");
        array.upload(from, 0, count, stream);
        return array;
    }
};

}  // namespace juice::cuda
