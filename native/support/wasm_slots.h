/* What wasmtime's unchecked entry takes, and how Python objects get into its slots and out of them.
 *
 * Compiled behind cext.h, whose exact conversions it uses. Declarations follow wasmtime's C API (wasmtime/func.h and
 * wasmtime/val.h of 50.0.1), because PyPI's wheel ships the library without headers.
 */

typedef union {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    uint8_t v128[16];
} ffis_raw; /* wasmtime_val_raw_t */

typedef struct {
    uint64_t store_id;
    void *private_part;
} ffis_func; /* wasmtime_func_t */

typedef void *(*ffis_entry)(void *context, const ffis_func *func, ffis_raw *slots, size_t count, void **trap);

_Static_assert(sizeof(ffis_raw) == 16, "wasmtime_val_raw_t has 16 bytes");
_Static_assert(sizeof(ffis_func) == 16, "wasmtime_func_t has 16 bytes");

/* Writes one argument into its slot, whose unused bytes become zero. Kinds are struct's: i I q Q f d. */
FFIS_INLINE int ffis_put(ffis_raw *slot, char kind, PyObject *object, const char *name) {
    long value;
    switch (kind) {
    case 'q':
        return ffis_take_long(object, name, "int64", INT64_MIN, INT64_MAX, &slot->i64);
    case 'd':
        return ffis_take_double(object, name, "float64", &slot->f64);
    case 'I':
        if (!ffis_take_long(object, name, "uint32", 0, UINT32_MAX, &value)) { return 0; }
        slot->i64 = value;
        return 1;
    case 'i':
        if (!ffis_take_long(object, name, "int32", INT32_MIN, INT32_MAX, &value)) { return 0; }
        slot->i64 = (uint32_t)value;
        return 1;
    case 'Q':
        return ffis_take_ulong(object, name, "uint64", (unsigned long *)&slot->i64);
    default:
        slot->i64 = 0;
        return ffis_take_float(object, name, "float32", &slot->f32);
    }
}

FFIS_INLINE PyObject *ffis_get(const ffis_raw *slot, char kind) {
    switch (kind) {
    case 'q':
        return PyLong_FromLong(slot->i64);
    case 'd':
        return PyFloat_FromDouble(slot->f64);
    case 'I':
        return PyLong_FromLong((uint32_t)slot->i32);
    case 'i':
        return PyLong_FromLong(slot->i32);
    case 'Q':
        return PyLong_FromUnsignedLong((unsigned long)slot->i64);
    case 'f':
        return PyFloat_FromDouble(slot->f32);
    default:
        Py_RETURN_NONE;
    }
}
