/* Preloaded into a program, it has the quota of its account used up below the folder $OVER_QUOTA: what would take
   another block there fails as the kernel has it fail, while the file system goes on telling of ample room. An empty
   file takes no block, and can be made. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define NEEDS(is_over) if (is_over) return errno = EDQUOT, -1

static int lies_below(const char *link) {
    const char *folder = getenv("OVER_QUOTA");
    size_t length = folder ? strlen(folder) : 0;
    char path[PATH_MAX];
    int before = errno;
    ssize_t end = readlink(link, path, sizeof path - 1);
    errno = before;
    path[end < 0 ? 0 : end] = 0;
    return length && !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

static int is_of(int fd) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return fd == AT_FDCWD ? lies_below("/proc/self/cwd") : lies_below(link);
}

static int is_in(int folder, const char *path) {
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%s", path);
    char *slash = strrchr(above, '/');
    if (slash)
        *slash = 0;
    int fd = openat(folder, slash ? *above ? above : "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int found = fd >= 0 && is_of(fd);
    if (fd >= 0)
        close(fd);
    return found;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    NEEDS(is_of(fd));
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    NEEDS(is_of(fd));
    return REAL(pwrite)(fd, bytes, count, at);
}

ssize_t copy_file_range(int from, off64_t *from_at, int fd, off64_t *at, size_t count, unsigned flags) {
    NEEDS(is_of(fd));
    return REAL(copy_file_range)(from, from_at, fd, at, count, flags);
}

int mkdir(const char *path, mode_t mode) {
    NEEDS(is_in(AT_FDCWD, path));
    return REAL(mkdir)(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    NEEDS(is_in(folder, path));
    return REAL(mkdirat)(folder, path, mode);
}
