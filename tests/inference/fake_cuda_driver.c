/* A CUDA driver that runs on the host, for tests: contexts, memory, streams, events, graphs; no kernels.
 *
 * Written after the published signatures of the CUDA driver API. Each stream has a worker thread, so a wrong order of copies,
 * launches and waits gives wrong results here as it would on a device. It is stricter than a real driver where a real one hides a
 * mistake: asynchronous copies must use page-locked memory, copies must stay inside one allocation.
 *
 * Functions named fake_* steer it: failures, a lost device, delays, counts of what is alive.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef int R;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101,
       INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, CONTEXT_IS_DESTROYED = 709,
       LAUNCH_FAILED = 719, NOT_SUPPORTED = 801, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901 };
enum { DEVICE_MEMORY, HOST_MEMORY, STREAMS, EVENTS, GRAPHS, PRIMARY, KINDS };

/* ---- what the test sets ---- */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long live[KINDS];
static char failing[64];
static int fail_after, fail_code, fail_forever, lost;
static volatile int delay_us;
static int device_count = 1, integrated = 1, can_map = 1, sm_major = 8, sm_minor = 7, processors = 16, driver_version = 13000;
static char device_name[64] = "Fake";

static struct { char name[48]; long calls; } counted[96];
static int counted_names;
static int age; /* what was made before a reset is not counted after it */

long fake_live(int kind) { return live[kind]; }
void fake_delay(int us) { delay_us = us; }
void fake_fail(const char *call, int after, int code, int forever) {
    snprintf(failing, sizeof failing, "%s", call);
    fail_after = after, fail_code = code, fail_forever = forever;
}
void fake_lose(int code) { lost = code; }
void fake_device(int count, const char *name, int major, int minor, int sms, int is_integrated, int maps, int version) {
    device_count = count, sm_major = major, sm_minor = minor, processors = sms, integrated = is_integrated, can_map = maps;
    driver_version = version;
    snprintf(device_name, sizeof device_name, "%s", name);
}
long fake_calls(const char *call) {
    for (int i = 0; i < counted_names; i++)
        if (!strcmp(counted[i].name, call)) return counted[i].calls;
    return 0;
}
static void reset_memory(void);
void fake_reset(void) {
    failing[0] = 0, lost = 0, delay_us = 0, counted_names = 0, age++;
    fake_device(1, "Fake", 8, 7, 16, 1, 1, 13000);
    reset_memory();
}

static R entered(const char *call) {
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < counted_names && strcmp(counted[i].name, call)) i++;
    if (i == counted_names && i < 96) snprintf(counted[counted_names++].name, 48, "%s", call), counted[i].calls = 0;
    if (i < 96) counted[i].calls++;
    R result = lost;
    if (!result && failing[0] && !strcmp(failing, call) && fail_after-- <= 0) {
        result = fail_code;
        if (fail_forever == 1) lost = fail_code; /* 2: this call only, but always */
        if (fail_forever != 2) failing[0] = 0;
    }
    pthread_mutex_unlock(&lock);
    return result;
}
#define ENTER R failed_ = entered(__func__); if (failed_) return failed_;
static void alive(int kind, int by) { pthread_mutex_lock(&lock); live[kind] += by; pthread_mutex_unlock(&lock); }

/* ---- contexts ---- */
typedef struct { int retained; } Context;
static Context primary;
static int initialised;
static __thread Context *stack[16];
static __thread int depth;
#define NEED                                                                                             \
    ENTER if (!initialised) return NOT_INITIALIZED;                                                      \
    if (!depth || !stack[depth - 1]) return INVALID_CONTEXT;                                             \
    if (!stack[depth - 1]->retained) return CONTEXT_IS_DESTROYED;

R cuInit(unsigned flags) { ENTER if (!device_count) return NO_DEVICE; initialised = 1; return OK; }
R cuDriverGetVersion(int *v) { *v = driver_version; return OK; }
R cuDeviceGetCount(int *n) { ENTER *n = device_count; return initialised ? OK : NOT_INITIALIZED; }
R cuDeviceGet(int *d, int i) { ENTER if (!initialised) return NOT_INITIALIZED; if (i >= device_count) return INVALID_DEVICE; *d = i; return OK; }
R cuDeviceGetName(char *n, int len, int d) { ENTER snprintf(n, len, "%s", device_name); return OK; }
R cuDeviceTotalMem_v2(size_t *n, int d) { *n = 1ull << 30; return OK; }
R cuDeviceComputeCapability(int *a, int *b, int d) { *a = sm_major, *b = sm_minor; return OK; }
R cuDeviceGetAttribute(int *p, int attribute, int d) {
    ENTER
    switch (attribute) {
        case 16: *p = processors; break;
        case 18: *p = integrated; break;
        case 19: *p = can_map; break;
        case 75: *p = sm_major; break;
        case 76: *p = sm_minor; break;
        default: *p = 1;
    }
    return OK;
}
R cuDevicePrimaryCtxRetain(Context **c, int d) { ENTER if (!initialised) return NOT_INITIALIZED; primary.retained++; alive(PRIMARY, 1); *c = &primary; return OK; }
R cuDevicePrimaryCtxRelease_v2(int d) { ENTER if (!primary.retained) return INVALID_CONTEXT; primary.retained--; alive(PRIMARY, -1); return OK; }
R cuCtxPushCurrent_v2(Context *c) { ENTER if (!c || depth == 16) return INVALID_CONTEXT; stack[depth++] = c; return OK; }
R cuCtxPopCurrent_v2(Context **c) { ENTER if (!depth) return INVALID_CONTEXT; depth--; if (c) *c = stack[depth]; return OK; }
R cuCtxGetCurrent(Context **c) { *c = depth ? stack[depth - 1] : 0; return OK; }
R cuCtxSetCurrent(Context *c) { ENTER if (!depth) depth = 1; stack[depth - 1] = c; return OK; }
R cuCtxGetDevice(int *d) { NEED *d = 0; return OK; }
R cuCtxGetApiVersion(Context *c, unsigned *v) { *v = driver_version; return OK; }

/* ---- memory ---- */
typedef struct Block { char *at; size_t size; int host, mapped; struct Block *next; } Block;
static Block *blocks;

static Block *find(const void *p, size_t n) {
    for (Block *b = blocks; b; b = b->next)
        if ((char *)p >= b->at && (char *)p + n <= b->at + b->size) return b;
    return 0;
}
static int lies_in(const void *p, size_t n, int host) {
    pthread_mutex_lock(&lock);
    Block *b = find(p, n);
    int yes = b && (host ? b->host : (!b->host || b->mapped));
    pthread_mutex_unlock(&lock);
    return yes;
}
static R take(void **p, size_t n, int host, int mapped) {
    Block *b = calloc(1, sizeof *b);
    if (!n || posix_memalign((void **)&b->at, 256, n)) { free(b); return n ? OUT_OF_MEMORY : INVALID_VALUE; }
    memset(b->at, 0xA5, n); /* never zeros by luck */
    b->size = n, b->host = host, b->mapped = mapped;
    pthread_mutex_lock(&lock);
    b->next = blocks, blocks = b;
    live[host ? HOST_MEMORY : DEVICE_MEMORY]++;
    pthread_mutex_unlock(&lock);
    *p = b->at;
    return OK;
}
static R give(void *p, int host) {
    pthread_mutex_lock(&lock);
    for (Block **at = &blocks; *at; at = &(*at)->next) {
        Block *b = *at;
        if (b->at == p && b->host == host) {
            *at = b->next;
            live[host ? HOST_MEMORY : DEVICE_MEMORY]--;
            memset(b->at, 0x5A, b->size); /* a use after free shows */
            free(b->at), free(b);
            pthread_mutex_unlock(&lock);
            return OK;
        }
    }
    pthread_mutex_unlock(&lock);
    return INVALID_VALUE;
}
/* What a failed test left behind: forgotten, not freed, somebody may still point to it. */
static void reset_memory(void) { blocks = 0; memset(live, 0, sizeof(long) * PRIMARY); depth = 0; }

R cuMemAlloc_v2(uint64_t *p, size_t n) { NEED void *q; R r = take(&q, n, 0, 0); if (!r) *p = (uint64_t)q; return r; }
R cuMemFree_v2(uint64_t p) { NEED return give((void *)p, 0); }
R cuMemHostAlloc(void **p, size_t n, unsigned flags) { NEED return take(p, n, 1, flags >> 1 & 1); }
R cuMemFreeHost(void *p) { NEED return give(p, 1); }
R cuMemHostGetDevicePointer_v2(uint64_t *d, void *p, unsigned flags) {
    NEED
    pthread_mutex_lock(&lock);
    Block *b = find(p, 1);
    int good = can_map && b && b->host && b->mapped;
    pthread_mutex_unlock(&lock);
    if (!good) return INVALID_VALUE;
    *d = (uint64_t)p;
    return OK;
}

/* ---- streams, events, graphs ---- */
typedef struct Event { int age, recorded, done; struct timespec at; pthread_mutex_t lock; pthread_cond_t changed; } Event;
typedef struct Work {
    void *to; const void *from; size_t size;
    void (*call)(void *); void *data;
    Event *event; int ticket;
    struct Work *next;
} Work;
typedef struct Graph { Work *first, *last; } Graph;
typedef struct Stream { pthread_t thread; pthread_mutex_t lock; pthread_cond_t changed; Work *first, *last; int age, busy, stop; Graph *capture; } Stream;

static void perform(Work *w) {
    if (delay_us && !w->event) usleep(delay_us);
    if (w->call) w->call(w->data);
    else if (w->event) {
        pthread_mutex_lock(&w->event->lock);
        if (w->event->recorded == w->ticket) w->event->done = w->ticket, clock_gettime(CLOCK_MONOTONIC, &w->event->at);
        pthread_cond_broadcast(&w->event->changed);
        pthread_mutex_unlock(&w->event->lock);
    } else memcpy(w->to, w->from, w->size);
}
static void *labour(void *argument) {
    Stream *s = argument;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->first && !s->stop) pthread_cond_wait(&s->changed, &s->lock);
        if (!s->first) break;
        Work *w = s->first;
        s->first = w->next;
        s->busy = 1;
        pthread_mutex_unlock(&s->lock);
        perform(w);
        free(w);
        pthread_mutex_lock(&s->lock);
        s->busy = 0;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return 0;
}
static Work *copy_of(const Work *w) { Work *c = malloc(sizeof *c); *c = *w, c->next = 0; return c; }
static void append(Work **first, Work **last, Work *w) { if (*first) (*last)->next = w; else *first = w; *last = w; }
static R enqueue(Stream *s, Work work) {
    if (!s) return INVALID_HANDLE; /* the default stream would order everything by accident */
    pthread_mutex_lock(&s->lock);
    if (s->capture) append(&s->capture->first, &s->capture->last, copy_of(&work));
    else append(&s->first, &s->last, copy_of(&work)), pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return OK;
}
R cuStreamCreate(Stream **s, unsigned flags) {
    NEED
    Stream *n = calloc(1, sizeof *n);
    pthread_mutex_init(&n->lock, 0), pthread_cond_init(&n->changed, 0);
    pthread_create(&n->thread, 0, labour, n);
    n->age = age, alive(STREAMS, 1);
    *s = n;
    return OK;
}
R cuStreamDestroy_v2(Stream *s) {
    NEED
    pthread_mutex_lock(&s->lock), s->stop = 1, pthread_cond_broadcast(&s->changed), pthread_mutex_unlock(&s->lock);
    pthread_detach(s->thread); /* work goes on, as on a device; the few bytes of the stream stay */
    alive(STREAMS, -(s->age == age));
    return OK;
}
static R wait_idle(Stream *s) {
    pthread_mutex_lock(&s->lock);
    R r = s->capture ? CAPTURE_UNSUPPORTED : OK;
    while (!r && (s->first || s->busy)) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return r ? r : lost;
}
R cuStreamSynchronize(Stream *s) { NEED return s ? wait_idle(s) : INVALID_HANDLE; }
R cuStreamGetPriority(Stream *s, int *p) { NEED *p = 0; return OK; }
R cuCtxSynchronize(void) { NEED return NOT_SUPPORTED; }

static R copy(void *to, const void *from, size_t n, Stream *s, void *host, void *device) {
    if (!lies_in(host, n, 1) || !lies_in(device, n, 0)) return INVALID_VALUE;
    return enqueue(s, (Work){.to = to, .from = from, .size = n});
}
R cuMemcpyHtoDAsync_v2(uint64_t d, const void *h, size_t n, Stream *s) { NEED return copy((void *)d, h, n, s, (void *)h, (void *)d); }
R cuMemcpyDtoHAsync_v2(void *h, uint64_t d, size_t n, Stream *s) { NEED return copy(h, (void *)d, n, s, h, (void *)d); }
R cuLaunchHostFunc(Stream *s, void (*call)(void *), void *data) { NEED return enqueue(s, (Work){.call = call, .data = data}); }

R cuEventCreate(Event **e, unsigned flags) {
    NEED
    *e = calloc(1, sizeof **e);
    pthread_mutex_init(&(*e)->lock, 0), pthread_cond_init(&(*e)->changed, 0);
    (*e)->age = age, alive(EVENTS, 1);
    return OK;
}
R cuEventDestroy_v2(Event *e) { NEED alive(EVENTS, -(e->age == age)); return OK; /* kept: work in flight may still point to it */ }
R cuEventRecord(Event *e, Stream *s) {
    NEED
    pthread_mutex_lock(&e->lock);
    int ticket = ++e->recorded;
    pthread_mutex_unlock(&e->lock);
    return enqueue(s, (Work){.event = e, .ticket = ticket});
}
R cuEventQuery(Event *e) {
    NEED
    pthread_mutex_lock(&e->lock);
    R r = e->done == e->recorded ? OK : NOT_READY;
    pthread_mutex_unlock(&e->lock);
    return r;
}
R cuEventSynchronize(Event *e) {
    NEED
    pthread_mutex_lock(&e->lock);
    while (e->done != e->recorded) pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
    return lost;
}
R cuEventElapsedTime_v2(float *ms, Event *a, Event *b) {
    NEED
    if (a->done != a->recorded || b->done != b->recorded) return NOT_READY;
    *ms = (b->at.tv_sec - a->at.tv_sec) * 1e3f + (b->at.tv_nsec - a->at.tv_nsec) * 1e-6f;
    return OK;
}
R cuEventElapsedTime(float *ms, Event *a, Event *b) { return cuEventElapsedTime_v2(ms, a, b); }

R cuStreamBeginCapture_v2(Stream *s, int mode) {
    NEED
    if (!s || mode != 1) return INVALID_VALUE; /* 1: thread-local; the global mode breaks other threads */
    pthread_mutex_lock(&s->lock);
    R r = s->capture ? INVALID_VALUE : OK;
    if (!r) s->capture = calloc(1, sizeof(Graph));
    pthread_mutex_unlock(&s->lock);
    return r;
}
R cuStreamEndCapture(Stream *s, Graph **g) {
    NEED
    if (!s->capture) return INVALID_VALUE;
    pthread_mutex_lock(&s->lock);
    *g = s->capture, s->capture = 0;
    pthread_mutex_unlock(&s->lock);
    alive(GRAPHS, 1);
    return OK;
}
static void drop(Graph *g) { for (Work *w = g->first; w;) { Work *next = w->next; free(w); w = next; } free(g); alive(GRAPHS, -1); }
R cuGraphInstantiateWithFlags(Graph **exec, Graph *g, unsigned long long flags) {
    NEED
    Graph *n = calloc(1, sizeof *n);
    for (Work *w = g->first; w; w = w->next) append(&n->first, &n->last, copy_of(w));
    alive(GRAPHS, 1);
    *exec = n;
    return OK;
}
R cuGraphLaunch(Graph *exec, Stream *s) {
    NEED
    for (Work *w = exec->first; w; w = w->next) {
        R r = enqueue(s, *w);
        if (r) return r;
    }
    return OK;
}
R cuGraphDestroy(Graph *g) { NEED drop(g); return OK; }
R cuGraphExecDestroy(Graph *g) { NEED drop(g); return OK; }

/* ---- names and look-up ---- */
static const struct { R code; const char *name, *text; } errors[] = {
    {OK, "CUDA_SUCCESS", "no error"}, {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
};
static const char *look(R code, int text) {
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code) return text ? errors[i].text : errors[i].name;
    return text ? "not supported by this driver" : "CUDA_ERROR_NOT_SUPPORTED";
}
R cuGetErrorName(R code, const char **s) { *s = look(code, 0); return OK; }
R cuGetErrorString(R code, const char **s) { *s = look(code, 1); return OK; }
R cuGetProcAddress_v2(const char *name, void **p, int version, uint64_t flags, int *status) {
    static const char *const endings[] = {"_v2", "", "WithFlags"};
    static void *self;
    Dl_info info;
    if (!self && dladdr((void *)fake_live, &info)) self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    *p = 0;
    for (int i = 0; self && !*p && i < 3; i++) {
        char full[256];
        snprintf(full, sizeof full, "%s%s", name, endings[i]);
        *p = dlsym(self, full);
    }
    if (status) *status = *p ? 0 : 1;
    return *p ? OK : NOT_FOUND;
}
R cuGetProcAddress(const char *name, void **p, int version, uint64_t flags) { return cuGetProcAddress_v2(name, p, version, flags, 0); }
