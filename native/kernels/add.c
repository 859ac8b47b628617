#include "element.h"
#include "ffis.h"

int64_t ffis_add(int64_t a, int64_t b) { return add_element(a, b); }
