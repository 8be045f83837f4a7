/* Preloaded into a program, it moves the program's wall clock by as many seconds as stand in the file $STEPPED_CLOCK:
   a whole number of 64 bits, which may change while the program runs. Clocks that nobody can set stay as they are. With
   $STEPPED_FILES the times of files are told as if they had been written by that clock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *shift;

__attribute__((constructor)) static void find_shift(void) {
    const char *path = getenv("STEPPED_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *there = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
    if (there != MAP_FAILED)
        shift = there;
    close(fd);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, id, now);
    if (!failed && shift && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += *shift;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *also) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    if (also)
        *also = exact.tv_sec;
    return exact.tv_sec;
}

static int told(int failed, struct stat *file) {
    if (!failed && shift && getenv("STEPPED_FILES")) {
        file->st_atim.tv_sec += *shift;
        file->st_mtim.tv_sec += *shift;
        file->st_ctim.tv_sec += *shift;
    }
    return failed;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int stat(const char *restrict path, struct stat *restrict file) { return told(REAL(stat)(path, file), file); }

int lstat(const char *restrict path, struct stat *restrict file) { return told(REAL(lstat)(path, file), file); }

int fstat(int fd, struct stat *file) { return told(REAL(fstat)(fd, file), file); }

int fstatat(int folder, const char *restrict path, struct stat *restrict file, int flags) {
    return told(REAL(fstatat)(folder, path, file, flags), file);
}

int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict file) {
    int failed = REAL(statx)(folder, path, flags, mask, file);
    if (!failed && shift && getenv("STEPPED_FILES")) {
        file->stx_atime.tv_sec += *shift;
        file->stx_mtime.tv_sec += *shift;
        file->stx_ctime.tv_sec += *shift;
        file->stx_btime.tv_sec += *shift;
    }
    return failed;
}
