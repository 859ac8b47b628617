/* The part of the driver API that device/engine.py uses, on the host: memory is the host's, a launch is a loop. What it
 * is given is checked as far as it can be; a complaint is a CUresult. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

enum { CONTEXT = 0x11, STREAM = 0x22, MODULE = 0x33, ADD = 0x44, SAXPY = 0x55, DEVICE = 7 };
enum { INVALID = 1, NO_MEMORY = 2, NO_DEVICE = 101, NO_IMAGE = 200, NO_CONTEXT = 201, NOT_FOUND = 500, ILLEGAL = 700 };
typedef struct handle *handle;

static _Thread_local handle current;
static int failure; /* of a launch: told by the next wait, and by everything from then on */
static uint64_t launched;

static void *pointer(uint64_t address) { return (void *)(uintptr_t)address; }

static int refusal(handle stream) {
    if (current != (handle)CONTEXT) { return NO_CONTEXT; }
    return stream == (handle)STREAM ? failure : INVALID;
}

API int cuInit(unsigned flags) { return flags ? INVALID : 0; }

API int cuDeviceGet(int *device, int ordinal) {
    *device = DEVICE;
    return ordinal ? NO_DEVICE : 0;
}

API int cuDevicePrimaryCtxRetain(handle *context, int device) {
    *context = (handle)CONTEXT;
    return device == DEVICE ? 0 : NO_DEVICE;
}

API int cuCtxSetCurrent(handle context) {
    current = context;
    return context == (handle)CONTEXT ? 0 : NO_CONTEXT;
}

API int cuStreamCreate(handle *stream, unsigned flags) {
    *stream = (handle)STREAM;
    return flags == 1 ? 0 : INVALID;
}

API int cuModuleLoadData(handle *module, const char *image) {
    *module = (handle)MODULE;
    return strcmp(image, "cubin") ? NO_IMAGE : 0;
}

API int cuMemAlloc_v2(uint64_t *address, size_t nbytes) {
    *address = nbytes >> 40 ? 0 : (uint64_t)(uintptr_t)malloc(nbytes);
    return *address ? 0 : NO_MEMORY;
}

API int cuMemHostRegister_v2(void *memory, size_t nbytes, unsigned flags) {
    return memory && nbytes && flags == 2 ? 0 : INVALID;
}

API int cuMemHostGetDevicePointer_v2(uint64_t *address, void *memory, unsigned flags) {
    *address = (uint64_t)(uintptr_t)memory;
    return flags ? INVALID : 0;
}

API int cuStreamSynchronize(handle stream) { return refusal(stream); }

API int cuMemcpyAsync(uint64_t to, uint64_t source, size_t nbytes, handle stream) {
    const int error = refusal(stream);
    if (!error) { memcpy(pointer(to), pointer(source), nbytes); }
    return error;
}

API int cuMemcpyDtoH_v2(void *to, uint64_t source, size_t nbytes) {
    memcpy(to, pointer(source), nbytes);
    return failure;
}

API int cuModuleGetFunction(handle *function, handle module, const char *name) {
    const uintptr_t found = strcmp(name, "ffis_add") == 0 ? ADD : strcmp(name, "ffis_saxpy") == 0 ? SAXPY : 0;
    *function = (handle)found;
    return module != (handle)MODULE ? INVALID : *function ? 0 : NOT_FOUND;
}

API int cuModuleGetGlobal_v2(uint64_t *address, size_t *nbytes, handle module, const char *name) {
    *address = (uint64_t)(uintptr_t)&launched;
    *nbytes = sizeof launched;
    return module == (handle)MODULE && strcmp(name, "ffis_count_add") == 0 ? 0 : NOT_FOUND;
}

static void add(void **parameters) {
    int64_t *result = *(int64_t **)parameters[2];
    launched++;
    if ((uintptr_t)result < 4096) {
        failure = ILLEGAL;
    } else {
        *result = *(int64_t *)parameters[0] + *(int64_t *)parameters[1];
    }
}

static void saxpy(void **parameters, uint64_t threads) {
    const float a = *(float *)parameters[0], *x = *(float **)parameters[1], *y = *(float **)parameters[2];
    float *out = *(float **)parameters[3];
    const uint32_t size = *(uint32_t *)parameters[4];
    for (uint64_t i = 0; i < size && i < threads; i++) { out[i] = a * x[i] + y[i]; }
}

API int cuLaunchKernel(handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                       unsigned block_y, unsigned block_z, unsigned shared_nbytes, handle stream, void **parameters,
                       void **extra) {
    const int error = refusal(stream);
    const int is_flat = grid_y == 1 && grid_z == 1 && block_y == 1 && block_z == 1;
    if (error) { return error; }
    if (shared_nbytes || extra || !is_flat) { return INVALID; }
    if (function == (handle)ADD) {
        add(parameters);
    } else {
        saxpy(parameters, (uint64_t)grid_x * block_x);
    }
    return 0;
}
