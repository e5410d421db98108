/* Lets user-mode Linux up to 6.15 run on processors whose vector state is larger than it knows (AMX).
 *
 * Its kernel saves and restores a process's registers in a buffer of AVX-512's size. The host gives the first part of the state when
 * asked, but refuses to take back anything that is not whole (EFAULT), and the guest dies with its first process. Preloaded into
 * the guest's kernel (LD_PRELOAD), this completes what it writes with what is there. Built and used by tools.socketcan.run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long (*ptrace_t)(int request, pid_t pid, void *address, void *data);

static long complete(ptrace_t real, pid_t pid, void *address, const struct iovec *part)
{
    static char whole[65536];
    struct iovec all = {whole, sizeof(whole)};

    if (real(PTRACE_GETREGSET, pid, address, &all) != 0 || all.iov_len < part->iov_len) {
        return -1;
    }
    memcpy(whole, part->iov_base, part->iov_len);
    return real(PTRACE_SETREGSET, pid, address, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
    static ptrace_t real;
    va_list rest;
    pid_t pid;
    void *address;
    void *data;
    long done;

    va_start(rest, request);
    pid = va_arg(rest, pid_t);
    address = va_arg(rest, void *);
    data = va_arg(rest, void *);
    va_end(rest);
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "ptrace");
    }
    done = real((int)request, pid, address, data);
    if (done == -1 && errno == EFAULT && request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
        done = complete(real, pid, address, data);
    }
    return done;
}
