/* Juice: probabilistic circuits. The C ABI, the only header that anything outside native/ may include.
 *
 * Conventions, for every function:
 * - Handles are opaque and reference-counted; juice_X_free(NULL) does nothing. A handle never changes owner behind the caller's back.
 * - A function that can fail returns a juice_status; juice_last_error() then holds one sentence for the calling thread.
 * - Every options struct begins with its size in bytes (`size = sizeof(struct)`); anything else is an argument error.
 * - Logs are natural logs. Rows are row-major. Booleans are int32_t (0 or 1). Text is UTF-8 and ends with a NUL.
 * - Arrays that a call reads stay the caller's and need to live only until it returns.
 * - Callbacks may be called from the calling thread only, and must not throw. */
#ifndef JUICE_JUICE_H
#define JUICE_JUICE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#  if defined(JUICE_BUILDING)
#    define JUICE_API __declspec(dllexport)
#  else
#    define JUICE_API __declspec(dllimport)
#  endif
#else
#  define JUICE_API __attribute__((visibility("default")))
#endif

#if defined(__cplusplus)
#  define JUICE_NOEXCEPT noexcept
extern "C" {
#else
#  define JUICE_NOEXCEPT
#endif

/* ---- 1. Version, status, errors, log ------------------------------------------------------------------------------------------ */

#define JUICE_ABI_VERSION 2

typedef int32_t juice_status;
#define JUICE_OK                0
#define JUICE_ERROR_ARGUMENT    1   /* an argument breaks a rule                                        */
#define JUICE_ERROR_CANCELLED   2   /* a progress callback asked to stop                                */
#define JUICE_ERROR_FILE        3   /* the file system said no                                          */
#define JUICE_ERROR_FORMAT      4   /* a file or a description is not a valid circuit                   */
#define JUICE_ERROR_MEMORY      5   /* memory could not be had, or the budget is below what is needed   */
#define JUICE_ERROR_UNSUPPORTED 6   /* the device or instruction set asked for is not there             */
#define JUICE_ERROR_INTERNAL    7   /* a fault of Juice                                                 */
#define JUICE_ERROR_DEVICE_LOST 8   /* work on the device faulted: nothing runs on it any more in this process. Models on it can be freed;
                                       other devices go on                                              */

JUICE_API int32_t     juice_abi_version(void) JUICE_NOEXCEPT;
JUICE_API const char* juice_version(void) JUICE_NOEXCEPT;       /* "0.1.0": lives as long as the library */
JUICE_API const char* juice_last_error(void) JUICE_NOEXCEPT;    /* the calling thread's; until its next failing call */

/* Log levels are those of Microsoft.Extensions.Logging: 0 trace … 5 critical. A NULL callback turns logging off (the default).
 * The log callback is the one that may be called from any thread. */
typedef void (*juice_log_callback)(int32_t level, const char* message, void* user);
JUICE_API void juice_set_log(juice_log_callback callback, void* user, int32_t minimum_level) JUICE_NOEXCEPT;

/* Text made by Juice (plans, JSON) is the caller's to free. */
JUICE_API void juice_text_free(char* text) JUICE_NOEXCEPT;

/* Sizes and offsets of every struct below, for bindings to check themselves: field "" is the struct itself, with its size and offset 0.
 * Returns JUICE_ERROR_ARGUMENT past the last one. */
JUICE_API juice_status juice_layout(int32_t index, const char** struct_name, const char** field, int64_t* offset, int64_t* size) JUICE_NOEXCEPT;

/* Called between units of work of a long call: `done` of `total` (units: see the call), `value` a figure of the call (NaN where it has
 * none). A return other than 0 cancels: the call answers JUICE_ERROR_CANCELLED. */
typedef int32_t (*juice_progress_callback)(int64_t done, int64_t total, double value, void* user);

/* ---- 2. Devices ----------------------------------------------------------------------------------------------------------------- */

typedef struct juice_device {
    int32_t size;
    int32_t available;              /* 0: `reason` says why not */
    int64_t memory;                 /* bytes                    */
    int32_t cores;
    int32_t reserved;
    char    name[32];               /* "cpu", "cuda:0": what juice_compile_options.device takes */
    char    description[192];       /* processor, instruction set in use */
    char    reason[256];
} juice_device;

JUICE_API juice_status juice_device_count(int32_t* count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_device_get(int32_t index, juice_device* device) JUICE_NOEXCEPT;

/* What the processor can do at most, to hold a benchmark's times against. */
typedef struct juice_machine {
    int32_t size;
    int32_t threads;                /* that worked at it                                                                          */
    double  matrix_rate;            /* FLOP/s, two a multiply-add: float32 product of 1024 x 1024 matrices, best of several       */
    double  copy_rate;              /* bytes/s, read and written: copy of 256 MiB (1/16 of the memory where that is less), likewise */
    char    instruction_set[32];
} juice_machine;

/* Takes about a second. threads: 0 is all cores, at most 1024; instruction_set: NULL is JUICE_CPU, else the best there is. */
JUICE_API juice_status juice_machine_measure(int32_t threads, const char* instruction_set, juice_machine* machine) JUICE_NOEXCEPT;

/* ---- 3. Circuits ------------------------------------------------------------------------------------------------------------------ */

typedef struct juice_circuit juice_circuit;     /* immutable: wiring and parameters; safe to use from any number of threads */

#define JUICE_INPUT   0
#define JUICE_PRODUCT 1
#define JUICE_SUM     2

#define JUICE_CATEGORICAL       0   /* count = categories                              */
#define JUICE_BERNOULLI         1
#define JUICE_BINOMIAL          2   /* count = trials                                  */
#define JUICE_GAUSSIAN          3
#define JUICE_DISCRETE_LOGISTIC 4   /* count = bins, over low … high                   */
#define JUICE_INDICATOR         5   /* count = categories = nodes of the vector        */

typedef struct juice_distribution {
    int32_t type;
    int32_t count;
    double  low;
    double  high;
} juice_distribution;

/* One node vector, as an entry of `nodes` in the model file: children first, an entry's index is its id. */
typedef struct juice_vector {
    int32_t            type;            /* JUICE_INPUT, JUICE_PRODUCT or JUICE_SUM                                              */
    int32_t            variable;        /* input: the variable; -1 otherwise                                                    */
    int64_t            node_blocks;
    int64_t            block_size;
    juice_distribution distribution;    /* input                                                                                */
    int32_t            tied_to;         /* id of the owner, or -1                                                               */
    int32_t            child_count;
    const int32_t*     children;        /* [child_count]                                                                        */
    const int32_t*     edges;           /* NULL: the implied wiring. Product: [edge_rows, child_count]. Sum: [2, edge_count]    */
    int64_t            edge_rows;       /* product with edges: node_blocks (block wiring) or nodes (node wiring)                */
    int64_t            edge_count;      /* sum: columns of edges; filled in by juice_circuit_vector for implied wiring, too     */
    const float*       parameters;      /* NULL: none (tied, indicator) or a skeleton. Shapes as in the file                    */
    int64_t            parameter_count; /* floats                                                                               */
} juice_vector;

typedef struct juice_circuit_description {
    int32_t             size;
    int32_t             variables;
    int32_t             root;
    int32_t             vector_count;
    const juice_vector* vectors;        /* [vector_count] */
    int32_t             initialize;     /* 1: vectors without parameters are drawn from `seed`; 0: they are an error */
    int32_t             reserved;
    uint64_t            seed;
} juice_circuit_description;

typedef struct juice_circuit_info {
    int32_t size;
    int32_t variables;
    int32_t root;
    int32_t roots;                  /* nodes of the root vector */
    int32_t vectors;
    int32_t depth;                  /* longest path from the root to an input, in vectors above the input */
    int64_t nodes;
    int64_t sum_edges;              /* single edges, ties counted each time */
    int64_t product_edges;
    int64_t parameters;             /* floats stored, ties counted once */
} juice_circuit_info;

JUICE_API juice_status juice_circuit_create(const juice_circuit_description* description, juice_circuit** circuit) JUICE_NOEXCEPT;
JUICE_API void         juice_circuit_free(juice_circuit* circuit) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_get_info(const juice_circuit* circuit, juice_circuit_info* info) JUICE_NOEXCEPT;

/* The pointers in *vector are the circuit's and live as long as it does. Tied vectors show their owner's edges and parameters. */
JUICE_API juice_status juice_circuit_vector(const juice_circuit* circuit, int32_t id, juice_vector* vector) JUICE_NOEXCEPT;

/* Is the variable in the scope of the vector? */
JUICE_API juice_status juice_circuit_in_scope(const juice_circuit* circuit, int32_t id, int32_t variable, int32_t* in_scope) JUICE_NOEXCEPT;

/* Free metadata, kept by readers and writers. Keys `format`, `version` and `circuit` are the format's own. Setting makes a new circuit that
 * shares everything else. A NULL value removes the key. Pointers live as long as the circuit. */
JUICE_API juice_status juice_circuit_metadata_count(const juice_circuit* circuit, int32_t* count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_metadata(const juice_circuit* circuit, int32_t index, const char** key, const char** value) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_with_metadata(const juice_circuit* circuit, const char* key, const char* value, juice_circuit** changed) JUICE_NOEXCEPT;

/* Training state: tensors of a model file that the circuit itself does not use, named `state.…`, in the order of their names. */
typedef struct juice_tensor {
    const char*    name;            /* "state.epoch"                                                                                   */
    const char*    type;            /* as in the file: "F32", "F64", "I64", "U64", "U8", …                                             */
    const int64_t* shape;           /* [rank]                                                                                          */
    const void*    data;            /* row-major, little-endian; not always aligned to its elements                                    */
    int64_t        bytes;           /* elements by the shape, times the bytes of one                                                   */
    int32_t        rank;
    int32_t        reserved;
} juice_tensor;

/* The pointers in *tensor are the circuit's and live as long as it does. Compiled models keep no state; parameters do not show in it. */
JUICE_API juice_status juice_circuit_state_count(const juice_circuit* circuit, int32_t* count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_state(const juice_circuit* circuit, int32_t index, juice_tensor* tensor) JUICE_NOEXCEPT;
/* A new circuit that shares everything but has these tensors (copies) for its state, and no others; count 0: none. A name that does not begin
 * with `state.`, comes twice or is not UTF-8, an unknown type, and bytes that the shape does not ask for are argument errors. */
JUICE_API juice_status juice_circuit_with_state(const juice_circuit* circuit, const juice_tensor* tensors, int32_t count,
                                                juice_circuit** changed) JUICE_NOEXCEPT;

/* Files. `seed` NULL: a skeleton is an error. Reading maps the file and does not copy the parameters. Writing goes through a temporary
 * file in the same directory, flushed and renamed. */
JUICE_API juice_status juice_circuit_read(const char* path, const uint64_t* seed, juice_circuit** circuit) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_read_memory(const void* bytes, int64_t length, const uint64_t* seed, juice_circuit** circuit) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_write(const juice_circuit* circuit, const char* path) JUICE_NOEXCEPT;
/* The bytes of the file, piece by piece; a return other than 0 from the sink ends the call with JUICE_ERROR_CANCELLED. */
typedef int32_t (*juice_sink_callback)(const void* bytes, int64_t length, void* user);
JUICE_API juice_status juice_circuit_write_stream(const juice_circuit* circuit, juice_sink_callback sink, void* user) JUICE_NOEXCEPT;

/* A readable JSON text with the parameters and edges written out, and back. Floats round-trip. */
JUICE_API juice_status juice_circuit_to_json(const juice_circuit* circuit, char** json) JUICE_NOEXCEPT;
JUICE_API juice_status juice_circuit_from_json(const char* json, int64_t length, const uint64_t* seed, juice_circuit** circuit) JUICE_NOEXCEPT;

/* ---- 4. Rows ----------------------------------------------------------------------------------------------------------------------- */

#define JUICE_BYTE   0
#define JUICE_USHORT 1
#define JUICE_INT    2
#define JUICE_FLOAT  3
#define JUICE_DOUBLE 4

/* Fetches rows by number into `destination` ([n, variables], dense, of the source's element type) and, where `missing` is not NULL,
 * a 1 for each missing entry ([n, variables], zeroed before the call). A return other than 0 ends the call with JUICE_ERROR_CANCELLED. */
typedef int32_t (*juice_fetch_callback)(const int64_t* indices, int64_t n, void* destination, uint8_t* missing, void* user);

typedef struct juice_rows {
    int32_t              size;
    int32_t              element;           /* JUICE_BYTE … JUICE_DOUBLE                                                       */
    const void*          data;              /* [count, variables] with row_stride; NULL where fetch is given                   */
    int64_t              count;
    int64_t              row_stride;        /* elements from row to row; 0: variables                                          */
    int32_t              variables;
    int32_t              has_sentinel;      /* 1: an entry equal to `sentinel` is missing. NaN always is (float, double)       */
    double               sentinel;
    const uint8_t*       missing;           /* NULL or [count, variables], dense: 1 = missing                                  */
    const float*         weights;           /* NULL or [count]: row weights, >= 0                                              */
    juice_fetch_callback fetch;             /* NULL where data is given. Called from the calling thread only                   */
    void*                user;
    const int64_t*       selection;         /* NULL, or [count]: row i lies at row selection[i] of `data`, any number of times */
    int64_t              data_count;        /* rows in `data`, where there is a selection                                      */
    int32_t              mapped;            /* 1: `data` is a read-only mapping of a file. Its pages are asked for before they
                                               are read and unmapped (not dropped from the system's cache) some way behind     */
    int32_t              version;           /* 0, or a promise: rows of this version and count are the same in every epoch of a
                                               model that they are given to, so that a device may keep them                    */
} juice_rows;

/* ---- 5. Structures ------------------------------------------------------------------------------------------------------------------ */

typedef struct juice_tree_options {
    int32_t                 size;
    int32_t                 bins;           /* 0: categories as they are up to 64, else 16 equal-width bins; otherwise at most this many bins   */
    int32_t                 quantiles;      /* 1: bins hold equal numbers of rows (always so for float and double rows)                   */
    int32_t                 threads;        /* 0: all                                                                                    */
    int64_t                 row_limit;      /* 0: all rows; otherwise a subset of this many, drawn from `seed`                           */
    uint64_t                seed;
    double                  pseudocount;    /* added to each joint cell of a pair; 0 for plain counts                                    */
    juice_progress_callback progress;       /* units: pairs of variables                                                                 */
    void*                   user;
} juice_tree_options;

/* information: [variables, variables], nats; the diagonal holds the entropies. Rows with a missing entry in a pair do not count for it. */
JUICE_API juice_status juice_mutual_information(const juice_rows* rows, const juice_tree_options* options, double* information) JUICE_NOEXCEPT;
/* parents: [variables]; -1 at the root, which is the tree's centre (ties to the lowest index). weights: symmetric. */
JUICE_API juice_status juice_maximum_spanning_tree(const double* weights, int32_t variables, int32_t* parents) JUICE_NOEXCEPT;
JUICE_API juice_status juice_chow_liu_tree(const juice_rows* rows, const juice_tree_options* options, int32_t* parents) JUICE_NOEXCEPT;

/* Families of circuits. Their parameters are drawn from `seed`, as those of any skeleton. `distributions` has an entry a variable: categorical,
 * Bernoulli, binomial, Gaussian or discrete logistic. `latents` is the width of every vector but the root; `roots` the nodes of the root, each a
 * distribution over all variables, which share everything below (0: one). What breaks a rule is an argument error that names the field. */

/* Hidden Chow-Liu tree (Liu & Van den Broeck, "Tractable Regularization of Probabilistic Circuits", 2021): every variable of the tree gets
 * `latents` hidden states; leaf variables enter as inputs, each inner variable but the root is a latents × latents sum, the root one sum node. */
typedef struct juice_hclt_options {
    int32_t                   size;
    int32_t                   variables;
    const int32_t*            parents;          /* [variables]; one -1                                                          */
    const juice_distribution* distributions;    /* [variables]; all alike where inputs are tied                                 */
    int32_t                   latents;
    int32_t                   roots;
    uint64_t                  seed;
    int32_t                   tied_inputs;      /* 1: one table of input parameters for all variables                           */
    int32_t                   reserved;
} juice_hclt_options;

JUICE_API juice_status juice_circuit_hclt(const juice_hclt_options* options, juice_circuit** circuit) JUICE_NOEXCEPT;

/* Hidden Markov model (Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989): variable t is the
 * symbol at time t, `latents` the states, the root the distribution of the first one. Shorter sequences are rows whose last entries are missing:
 * those are summed out, so that each has the likelihood that the model of its own length gives it. */
typedef struct juice_hmm_options {
    int32_t                   size;
    int32_t                   variables;        /* the length                                                                   */
    const juice_distribution* distributions;    /* [variables]; all alike in a homogeneous model                                */
    int32_t                   latents;
    int32_t                   roots;
    uint64_t                  seed;
    int32_t                   homogeneous;      /* 1: one transition and one emission table for all times; 0: each its own      */
    int32_t                   reserved;
} juice_hmm_options;

JUICE_API juice_status juice_circuit_hmm(const juice_hmm_options* options, juice_circuit** circuit) JUICE_NOEXCEPT;

/* Random tensorised sum-product network (Peharz et al., "Random Sum-Product Networks", 2020): `repetitions` times the variables are split at
 * random into `pieces` of nearly equal size, those again, `depth` times over; a region that is split no more is a product of inputs. Every region
 * of several variables but the whole is a latents × latents sum over its product; the root mixes the repetitions. Inputs are shared by the repetitions. */
typedef struct juice_rat_spn_options {
    int32_t                   size;
    int32_t                   variables;
    const juice_distribution* distributions;    /* [variables]                                                                  */
    int32_t                   latents;
    int32_t                   roots;
    uint64_t                  seed;             /* draws the splits, too                                                        */
    int32_t                   depth;            /* at least 1                                                                   */
    int32_t                   repetitions;      /* at least 1                                                                   */
    int32_t                   pieces;           /* at least 2                                                                   */
    int32_t                   reserved;
} juice_rat_spn_options;

JUICE_API juice_status juice_circuit_rat_spn(const juice_rat_spn_options* options, juice_circuit** circuit) JUICE_NOEXCEPT;

/* Poon & Domingos, "Sum-Product Networks: A New Deep Architecture", 2011: the variables lie on a grid, regions are its boxes between split
 * points, and every region is a sum over all its splits in two. Between split points lie cells: there, inputs, pairs of neighbours and the
 * whole cell are each mixed within blocks; or, where a tree is given, a cell is a hidden Chow-Liu tree. */
typedef struct juice_poon_domingos_options {
    int32_t                   size;
    int32_t                   axes;
    const int32_t*            shape;            /* [axes]; the variables are numbered with the last axis fastest                */
    const juice_distribution* distributions;    /* [product of shape]; all alike where tied                                     */
    int32_t                   latents;
    int32_t                   roots;
    uint64_t                  seed;             /* draws the splits that sum blocks read, too                                   */
    const int32_t*            intervals;        /* [axes]: a split point every so many entries; NULL: `split_points`            */
    const int32_t*            split_counts;     /* [axes]: split points an axis                                                 */
    const int32_t*            split_points;     /* [sum of split_counts]: axis after axis, ascending, 1 … extent - 1            */
    int32_t                   block_size;       /* a divisor of latents; 0: the largest up to 32                                */
    int32_t                   most_splits;      /* a sum block reads so many splits of its region at most, drawn; 0: all        */
    int32_t                   product_dominated;/* 1: every product has sums of its own; 0: a region's sums are shared          */
    int32_t                   tied;             /* 1: inputs share one table, and boxes of one shape, wherever they lie, their
                                                   parameters                                                                   */
    const int32_t*            parents;          /* NULL, or [product of shape]: a tree over each cell's variables, -1 at its root */
} juice_poon_domingos_options;

JUICE_API juice_status juice_circuit_poon_domingos(const juice_poon_domingos_options* options, juice_circuit** circuit) JUICE_NOEXCEPT;

/* ---- 6. Models -------------------------------------------------------------------------------------------------------------------------- */

/* A circuit compiled for a device, with its own parameters. Queries run concurrently; calls that train are exclusive and wait for each other
 * and for queries (and queries for them): a callback must not call the model that calls it. A query over many rows reads the parameters anew every
 * few hundred rows, so one beside a running epoch may see several updates. */
typedef struct juice_model juice_model;

/* The digits of matrix products. Exact: float32; log-likelihoods within 1e-5, relative. Fast: where a device gains by it, operands of sums of 64 nodes and
 * more are bf16, added up in float32: log-likelihoods within 2e-4, flows within 2 % (99th percentile); a sum whose nodes have one live edge each may be off by
 * 0.4 %. Parameters stay float32, weights add up to 1 within 1e-5 after every update, max-product and samples are exact, and so is the processor. */
#define JUICE_EXACT 0
#define JUICE_FAST  1

typedef struct juice_compile_options {
    int32_t     size;
    int32_t     threads;            /* 0: all cores                                                                        */
    const char* device;             /* NULL or "cpu"                                                                       */
    const char* instruction_set;    /* NULL: JUICE_CPU, else the best there is; "avx512", "avx2", "portable"               */
    int64_t     memory_limit;       /* bytes for parameters, flows and activations; 0: JUICE_MEMORY_LIMIT, else no limit   */
    int64_t     batch_size;         /* the training batch that is planned for; 0: 256. Other batches work, too             */
    int32_t     precision;          /* JUICE_EXACT or JUICE_FAST                                                           */
    int32_t     reserved;
} juice_compile_options;

typedef struct juice_model_info {
    int32_t size;
    int32_t variables;
    int32_t roots;
    int32_t vectors;
    int32_t threads;
    int32_t in_place;               /* 1: the planned batch trains without a flow buffer              */
    int64_t operations;             /* of the plan                                                    */
    int64_t stages;
    int64_t critical_path;          /* stages that follow each other, forward and backward            */
    int64_t batch_size;             /* planned                                                        */
    int64_t micro_batch;            /* rows at a time under the memory limit                          */
    int64_t parameter_bytes;
    int64_t flow_bytes;             /* of the flow buffer (allocated on first use)                    */
    int64_t activation_bytes;       /* for one micro-batch of training                                */
    double  flop_per_row;           /* forward + backward, 2 a multiply-add, matrix products only     */
    double  step_bytes;             /* least traffic of one training step of the planned batch        */
    char    device[32];
    char    instruction_set[32];
} juice_model_info;

JUICE_API juice_status juice_model_compile(const juice_circuit* circuit, const juice_compile_options* options, juice_model** model) JUICE_NOEXCEPT;
JUICE_API void         juice_model_free(juice_model* model) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_get_info(const juice_model* model, juice_model_info* info) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_plan(const juice_model* model, int32_t json, char** text) JUICE_NOEXCEPT;    /* the plan explains itself */

/* Parameters of an input or sum vector in the file's layout; a tied vector reads and writes its owner's. */
JUICE_API juice_status juice_model_get_parameters(const juice_model* model, int32_t vector, float* destination, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_set_parameters(juice_model* model, int32_t vector, const float* source, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_to_circuit(const juice_model* model, juice_circuit** circuit) JUICE_NOEXCEPT;

/* Queries. log_likelihood: [rows, roots]. Missing entries are summed out. progress (may be NULL) counts rows. */
JUICE_API juice_status juice_model_log_likelihood(const juice_model* model, const juice_rows* rows, double* log_likelihood,
                                                  juice_progress_callback progress, void* user) JUICE_NOEXCEPT;
/* Log of the largest value over completions of each row and choices at every sum (max-product): [rows, roots]. */
JUICE_API juice_status juice_model_max_log_value(const juice_model* model, const juice_rows* rows, double* log_value,
                                                 juice_progress_callback progress, void* user) JUICE_NOEXCEPT;

/* Exact samples, drawn top-down (ancestral sampling): at a sum an edge in proportion to weight · element, at an input a value from its distribution.
 * With evidence every missing entry is drawn given the row's other entries, which stay as they are: samples of the exact posterior. Random numbers
 * are Philox words named by (seed, first + sample number, vector or variable): the same bits whatever the split into calls, the number of
 * threads and the other rows. */
typedef struct juice_sample_options {
    int32_t                 size;
    int32_t                 element;        /* JUICE_BYTE … JUICE_DOUBLE: of the destination; it must hold every variable's domain    */
    int64_t                 count;          /* samples a row of the evidence; without evidence: samples                              */
    uint64_t                seed;
    int64_t                 first;          /* number of the first sample in the seed's stream of samples: 0, or where a call goes on */
    double                  temperature;    /* T > 0; 1 is exact. Each choice's (posterior) probabilities, of edges and of values, are
                                               raised to 1/T and made to add up to 1 again; a Gaussian's deviation is multiplied by √T.
                                               T < 1: likelier rows, T > 1: more varied ones                                           */
    int32_t                 root;           /* node of the root vector that rows are sampled from: 0 where there is one              */
    int32_t                 reserved;
    const int32_t*          roots;          /* NULL, or [rows of the evidence]: each row's own root                                  */
    juice_progress_callback progress;       /* units: samples                                                                        */
    void*                   user;
} juice_sample_options;

/* destination: [samples, variables], dense, of options.element. Without evidence (NULL) options.count samples, else sample k of row r is number
 * r · count + k. Row weights do not matter. A row whose evidence has likelihood 0 is an argument error that names the row. After an error the
 * destination holds nothing of use. */
JUICE_API juice_status juice_model_sample(const juice_model* model, const juice_rows* evidence, const juice_sample_options* options,
                                          void* destination) JUICE_NOEXCEPT;

/* ---- 7. Training: the step in three calls ----------------------------------------------------------------------------------------------- */

/* forward: remembers the batch (rows named by indices, or the first n rows where indices is NULL) and its values; log_likelihood (may be
 * NULL): [n, roots].
 * backward: adds the batch's flows to the flow buffer. root_flows: [n, roots], or NULL for 1 (one root only). Row weights multiply them.
 * update: applies the flows and clears them.
 * A forward or update that fails changes no parameter and no flow; a backward that fails leaves no flows at all.
 * Flows live in one contiguous buffer of floats, in the plan's layout (native/src/plan/plan.h), so that equal models add theirs up by adding
 * buffers. */
JUICE_API juice_status juice_model_forward(juice_model* model, const juice_rows* rows, const int64_t* indices, int64_t n, double* log_likelihood) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_backward(juice_model* model, const float* root_flows) JUICE_NOEXCEPT;

/* How an update makes parameters from flows. theta: a node's parameters; F: its parameter flows (statistics) since the last update; W: the rows' mass.
 * EM: theta' = (1 - s) theta + s (F + a / n) / (sum F + a), with s = step_size, a = pseudocount, and the moments of Gaussians and discrete logistics alike.
 * ANEMONE (Liu, Shao, Van den Broeck, "Rethinking Probabilistic Circuit Parameter Learning", arXiv 2505.19982): theta' in proportion to
 *   s (F + a / n) / W + (1 - s) T theta, where T is the probability that a sample of the circuit passes the node (top-down): EM whose step size is the
 *   node's own, s (sum F + a) / (s (sum F + a) + (1 - s) T W). F and W are averages over the updates: F = m F + (1 - m) F_now, divided by 1 - m^updates.
 * SGD and ADAM climb the gradient g = (F - theta sum F) / W of the mean log-likelihood by the log-parameters (Bernoulli and binomial: of both outcomes;
 *   Gaussian: of mean / deviation at the deviation of before, and log deviation; discrete logistic: of mean / scale and log scale), then make weights add
 *   up to 1 again: theta' in proportion to theta exp(d), d = s v with v = m v + g (SGD); d = s m1 / (sqrt(m2) + epsilon) with m1 = m m1 + (1 - m) g,
 *   m2 = b m2 + (1 - b) g², divided by 1 - m^updates and 1 - b^updates (Kingma and Ba, arXiv 1412.6980, algorithm 1). |d| is at most 20.
 * Structural zeros stay zero, whichever it is. What an optimiser remembers (juice_model_get_optimizer) begins at 0 with its first update, and is
 * forgotten when another kind updates. */
#define JUICE_EM      0
#define JUICE_ANEMONE 1
#define JUICE_SGD     2
#define JUICE_ADAM    3

typedef struct juice_rule {
    int32_t size;
    float   step_size;          /* EM, Anemone: in (0, 1]; SGD, Adam: above 0   */
    float   pseudocount;        /* EM, Anemone: >= 0, shared out over a node's n non-zero parameters */
    float   min_deviation;      /* least standard deviation of a Gaussian: 0.01 */
    float   min_scale;          /* least scale of a discrete logistic: 0.01     */
    int32_t optimizer;          /* JUICE_EM … JUICE_ADAM                        */
    float   momentum;           /* m of Anemone, SGD and Adam: in [0, 1)        */
    float   second_momentum;    /* b of Adam: in [0, 1)                         */
    float   epsilon;            /* of Adam: above 0                             */
    float   mass;               /* W; 0: the weights of the rows that backward has seen since the last update, added up. EM does not ask for it */
} juice_rule;

JUICE_API juice_status juice_model_update(juice_model* model, const juice_rule* rule) JUICE_NOEXCEPT;

/* What flows forward and backward add up from here on, and epochs whose options say 0. 1: expectations, so that updates are EM's and gradients'.
 * power > 1: every weight and probability is raised to it within a pass, so that flows are shared out in proportion to (theta c)^power and the values
 * are ((sum (theta c)^power)^(1 / power), logs as ever: between EM and Viterbi EM. At most 16. HUGE_VAL (infinity): all flow goes down the largest edge,
 * the first of equal ones: Viterbi EM (max-product). Missing entries are left out (factor 1) at every power. Log-likelihoods of forward and of epochs are
 * then these values' logs. */
JUICE_API juice_status juice_model_set_power(juice_model* model, float power) JUICE_NOEXCEPT;

/* What the optimiser remembers, for checkpoints: exporting and importing all of it goes on with the same bits. */
typedef struct juice_optimizer {
    int32_t size;
    int32_t optimizer;          /* that made the last update                                    */
    int64_t updates;            /* of it; 0: it remembers nothing                               */
    double  mass;               /* Anemone: average of the mass, before it is divided           */
    int32_t moments;            /* arrays a vector: 0 … 2                                       */
    int32_t reserved;
} juice_optimizer;

JUICE_API juice_status juice_model_get_optimizer(const juice_model* model, juice_optimizer* optimizer) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_set_optimizer(juice_model* model, const juice_optimizer* optimizer) JUICE_NOEXCEPT;  /* moments become 0 */
/* Of one vector with parameters of its own, in the layout of its parameter flows (below). which: 0 … moments - 1. */
JUICE_API juice_status juice_model_get_moments(const juice_model* model, int32_t vector, int32_t which, float* destination, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_set_moments(juice_model* model, int32_t vector, int32_t which, const float* source, int64_t count) JUICE_NOEXCEPT;

JUICE_API juice_status juice_model_flow_count(const juice_model* model, int64_t* count) JUICE_NOEXCEPT;      /* floats in the buffer */
JUICE_API juice_status juice_model_export_flows(const juice_model* model, float* destination, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_import_flows(juice_model* model, const float* source, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_add_flows(juice_model* model, const float* source, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_clear_flows(juice_model* model) JUICE_NOEXCEPT;

/* Flows of one vector. Parameter flows: a sum's edge flows in the layout of its parameters; an input's statistics, [nodes, k]: categorical
 * k = categories; Bernoulli and binomial (F0, F1); Gaussian and discrete logistic (sum f, sum f d, sum f d²) with d = x - mean. Tied vectors
 * share their owner's. Node flows: any vector, [nodes], its own even where it is tied. */
JUICE_API juice_status juice_model_get_flows(const juice_model* model, int32_t vector, float* destination, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_set_flows(juice_model* model, int32_t vector, const float* source, int64_t count) JUICE_NOEXCEPT;
JUICE_API juice_status juice_model_get_node_flows(const juice_model* model, int32_t vector, float* destination, int64_t count) JUICE_NOEXCEPT;

/* The gradient of sum(root_flows · log-likelihoods) that the flow buffer holds, by one vector's parameters in the file's layout: root flows are the
 * derivatives of whatever function by the log-likelihoods. Each parameter by itself, as if weights need not add up to 1 (F / theta; 0 at a structural
 * zero); logs: by the logs of weights and probabilities, which stay normalised (F - theta sum F; Bernoulli and binomial: by the logit), by a
 * Gaussian's (mean, log deviation) and a discrete logistic's (mean, log scale). Only what backward itself has added counts for a discrete logistic. */
JUICE_API juice_status juice_model_get_gradient(const juice_model* model, int32_t vector, int32_t logs, float* destination, int64_t count) JUICE_NOEXCEPT;

/* Soft evidence: where a variable's value is not known but how likely it makes each value. The row's variable then stands for sum(exp(log) · value). */
typedef struct juice_soft {
    int32_t        size;
    int32_t        variable_count;  /* variables with soft evidence                                                                    */
    const int32_t* variables;       /* [variable_count], ascending; their domains are finite                                           */
    const float*   logs;            /* [rows, values of all these variables one after another]: logs of the weights; -HUGE_VAL: 0.
                                       Where a variable's first log is NaN the row's own entry counts                                  */
} juice_soft;

/* log_likelihood (may be NULL): [rows, roots]. gradient (may be NULL): laid out like soft->logs, the derivative of sum(root_flows · log-likelihoods) by the
 * logs: with root flows of 1 the posterior probability of each value; 0 where a row's own entry counts. add_flows: 1: the rows' parameter flows are added to
 * the flow buffer, too, as backward would. root_flows: [rows, roots], NULL: 1 (one root only); row weights multiply them. Missing and observed entries of the other
 * variables count as ever. A model that answers this keeps a second copy of its parameters; it is no query for speed: the weights are
 * worked out on the processor. */
JUICE_API juice_status juice_model_soft_evidence(juice_model* model, const juice_rows* rows, const juice_soft* soft, const float* root_flows, int32_t add_flows,
                                                 double* log_likelihood, float* gradient) JUICE_NOEXCEPT;

/* One pass over the rows in one call. */
typedef struct juice_epoch_options {
    int32_t                 size;
    int32_t                 full_batch;     /* 1: one update from the flows of all rows                              */
    int64_t                 batch_size;     /* rows an update (mini-batch) or at a time (full batch)                 */
    int32_t                 shuffle;        /* 1: row order drawn from (seed, epoch)                                 */
    int32_t                 epoch;
    uint64_t                seed;
    const float*            step_sizes;     /* NULL: rule.step_size throughout; otherwise [step_count], one an update */
    int64_t                 step_count;
    juice_rule              rule;
    float                   power;          /* as juice_model_set_power has it, for this epoch; 0: the model's own   */
    int32_t                 reserved;
    juice_progress_callback progress;       /* units: rows; value: mean log-likelihood of the rows so far            */
    void*                   user;
} juice_epoch_options;

typedef struct juice_epoch_result {
    int32_t size;
    int32_t reserved;
    int64_t rows;
    int64_t steps;
    int64_t impossible_rows;        /* rows of likelihood 0: they contributed nothing                                        */
    double  log_likelihood;         /* weighted mean over the possible rows, each under the parameters that it was read with */
    double  seconds;
} juice_epoch_result;

/* A device with memory of its own keeps rows of a version (juice_rows.version) from epoch to epoch, in the fewest bytes that hold their values, where
 * that takes at most half of its free memory and, under a memory limit, a quarter of the limit; the first epoch then checks and copies them all before
 * it begins. Other rows are copied a batch ahead. Both give the same bits; progress comes a batch late there.
 * Rows in a mapped file (juice_rows.mapped) may be many times larger than memory: the next batch's are asked for while one trains. An epoch leaves
 * nothing behind that a copy of the parameters lacks: setting them anew, in this model or another of the same plan and instruction set, changes no
 * bit of the epochs that follow. A cancelled epoch leaves the parameters of the last finished update. One that ends for want of memory may leave an
 * update half made: each vector's parameters are then those from before or from after it. */
JUICE_API juice_status juice_model_fit_epoch(juice_model* model, const juice_rows* rows, const juice_epoch_options* options,
                                             juice_epoch_result* result) JUICE_NOEXCEPT;

#if defined(__cplusplus)
}
#endif
#endif
