/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tapswitch FOLDER HOSTS: an Ethernet switch in user space for cluster.sh, as
 * not every kernel can delay frames by itself (netem).
 *
 * Each host, and the head as number 0, gets a tap device eth0 in its network
 * namespace; we hold the other end. A frame from a to b leaves delay(a) +
 * delay(b) after it came. We read in FOLDER
 *
 *     HOST.process   the first process of a host, whose namespace is its own
 *     HOST.delay     microseconds, 0 without it
 *     HOST.cut       while it is there, frames from and to the host are lost
 *
 * once at the start and at each SIGHUP, and then make FOLDER/switch.ready. The
 * switch ends with the namespaces it lives in.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_HOSTS 32
#define MTU 9000
#define HEADER 14            /* of an Ethernet frame: two addresses, a type */
#define MAX_FRAME (MTU + 64) /* with room for tags */
#define MAX_WAITING 65536
#define BURST \
    32 /* frames that one host may send before the next is looked at */

struct port {
    int tap;      /* -1: the host is not there */
    long process; /* whose network namespace the tap lies in */
    long delay;   /* microseconds */
    bool cut;
};

/* A frame on its way. `order` keeps those that are due at once in order. */
struct frame {
    long long due; /* nanoseconds */
    unsigned long order;
    int to;
    int size;
    unsigned char *bytes;
};

static const char *folder;
static int last_host;
static int home; /* the head's network namespace, in which we live */
static struct port ports[MAX_HOSTS + 1];
static struct frame waiting[MAX_WAITING]; /* a heap, the first one due on top */
static int waiting_count;
static volatile sig_atomic_t told = 1;

static void on_hangup(int signal)
{
    (void)signal;
    told = 1;
}

static void fail(const char *what)
{
    fprintf(stderr, "tapswitch: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* --- The frames that wait ------------------------------------------------ */

static bool earlier(int a, int b)
{
    if (waiting[a].due != waiting[b].due) {
        return waiting[a].due < waiting[b].due;
    }
    return waiting[a].order < waiting[b].order;
}

static void swap(int a, int b)
{
    struct frame frame = waiting[a];

    waiting[a] = waiting[b];
    waiting[b] = frame;
}

static void insert_frame(struct frame frame)
{
    int at = waiting_count++;

    waiting[at] = frame;
    while (at > 0 && earlier(at, (at - 1) / 2)) {
        swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct frame take_first_frame(void)
{
    struct frame first = waiting[0];
    int at = 0, child;

    waiting[0] = waiting[--waiting_count];
    while ((child = 2 * at + 1) < waiting_count) {
        if (child + 1 < waiting_count && earlier(child + 1, child)) {
            child++;
        }
        if (!earlier(child, at)) {
            break;
        }
        swap(child, at);
        at = child;
    }
    return first;
}

/* --- Forwarding ---------------------------------------------------------- */

/* As in a real network, what the other side cannot take is lost. */
static void deliver(int to, const unsigned char *bytes, int size)
{
    if (ports[to].tap >= 0 && !ports[to].cut) {
        ssize_t written = write(ports[to].tap, bytes, (size_t)size);
        (void)written;
    }
}

static void send_frame(int from, int to, const unsigned char *bytes, int size)
{
    static unsigned long order;
    long delay = ports[from].delay + ports[to].delay;
    struct frame frame;

    if (ports[from].cut) {
        return;
    }
    if (delay == 0) {
        deliver(to, bytes, size);
        return;
    }
    frame = (struct frame){.due = now() + delay * 1000LL,
                           .order = order++,
                           .to = to,
                           .size = size,
                           .bytes = malloc((size_t)size)};
    if (frame.bytes == NULL || waiting_count == MAX_WAITING) {
        free(frame.bytes);
        return;
    }
    memcpy(frame.bytes, bytes, (size_t)size);
    insert_frame(frame);
}

static void deliver_what_is_due(void)
{
    while (waiting_count > 0 && waiting[0].due <= now()) {
        struct frame frame = take_first_frame();

        deliver(frame.to, frame.bytes, frame.size);
        free(frame.bytes);
    }
}

/* The last byte of a hardware address is the host's number, 0xfe the head's;
 * the lowest bit of the first says that a frame is for all. */
static void forward(int from, const unsigned char *bytes, int size)
{
    int to = bytes[5] == 0xfe ? 0 : bytes[5];

    if (bytes[0] & 1) {
        for (to = 0; to <= last_host; to++) {
            if (to != from) {
                send_frame(from, to, bytes, size);
            }
        }
    } else if (to <= last_host && to != from) {
        send_frame(from, to, bytes, size);
    }
}

static void read_frames(int from)
{
    static unsigned char bytes[MAX_FRAME];

    for (int i = 0; i < BURST; i++) {
        ssize_t size = read(ports[from].tap, bytes, sizeof bytes);

        if (size >= HEADER) {
            forward(from, bytes, (int)size);
        } else if (size < 0 &&
                   (errno == EAGAIN || errno == EINTR || errno == EIO)) {
            return; /* EIO: the interface is down, it may come up */
        } else if (size <= 0) {
            close(ports[from].tap); /* the host is gone */
            ports[from].tap = -1;
            return;
        }
    }
}

/* --- What the files say -------------------------------------------------- */

static const char *file_of(int host, const char *what)
{
    static char path[PATH_MAX];

    if (host == 0) {
        snprintf(path, sizeof path, "%s/head.%s", folder, what);
    } else {
        snprintf(path, sizeof path, "%s/node%d.%s", folder, host, what);
    }
    return path;
}

static long number_in(const char *path)
{
    FILE *file = fopen(path, "r");
    long number = 0;

    if (file != NULL) {
        if (fscanf(file, "%ld", &number) != 1) {
            number = 0;
        }
        fclose(file);
    }
    return number;
}

/* In the present network namespace. Its address tells which host it is. */
static int make_tap(int host)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    const unsigned char address[] = {
        2, 0, 10, 77, 0, (unsigned char)(host == 0 ? 0xfe : host)};
    int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strcpy(request.ifr_name, "eth0");
    if (tap < 0 || control < 0 || ioctl(tap, TUNSETIFF, &request) != 0) {
        fail("no tap device");
    }
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, address, sizeof address);
    if (ioctl(control, SIOCSIFHWADDR, &request) != 0) {
        fail("no hardware address");
    }
    request.ifr_mtu = MTU;
    if (ioctl(control, SIOCSIFMTU, &request) != 0) {
        fail("no MTU");
    }
    close(control);
    return tap;
}

/* Makes the tap of a host; a host that has just died has none. */
static void connect_host(int host)
{
    char path[64];
    int namespace = home;

    if (host > 0) {
        snprintf(path, sizeof path, "/proc/%ld/ns/net", ports[host].process);
        namespace = open(path, O_RDONLY | O_CLOEXEC);
        if (namespace < 0) {
            return;
        }
        if (setns(namespace, CLONE_NEWNET) != 0) {
            fail("setns");
        }
        close(namespace);
    }
    ports[host].tap = make_tap(host);
    if (setns(home, CLONE_NEWNET) != 0) {
        fail("setns");
    }
}

static void read_files(void)
{
    char ready[PATH_MAX];
    int file;

    for (int host = 0; host <= last_host; host++) {
        struct port *port = &ports[host];
        long process = number_in(file_of(host, "process"));

        port->delay = number_in(file_of(host, "delay"));
        port->cut = access(file_of(host, "cut"), F_OK) == 0;
        if (port->process != process && port->tap >= 0) {
            close(port->tap);
            port->tap = -1;
        }
        port->process = process;
        if (port->tap < 0 && (host == 0 || process > 0)) {
            connect_host(host);
        }
    }
    snprintf(ready, sizeof ready, "%s/switch.ready", folder);
    file = open(ready, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
        fail(ready);
    }
    close(file);
}

/* --- The switch ---------------------------------------------------------- */

/* SIGHUP is open only while we wait, so that none is overlooked. */
static void wait_and_forward(const sigset_t *open_signals)
{
    struct pollfd polled[MAX_HOSTS + 1];
    struct timespec time = {.tv_sec = 1};
    long long rest;

    for (int host = 0; host <= last_host; host++) {
        polled[host] = (struct pollfd){.fd = ports[host].tap, .events = POLLIN};
    }
    if (waiting_count > 0) {
        rest = waiting[0].due - now();
        rest = rest < 0 ? 0 : rest;
        time.tv_sec = rest / 1000000000;
        time.tv_nsec = rest % 1000000000;
    }
    if (ppoll(polled, (nfds_t)last_host + 1, &time, open_signals) < 0) {
        if (errno != EINTR) {
            fail("poll");
        }
        return;
    }
    deliver_what_is_due();
    for (int host = 0; host <= last_host; host++) {
        if (ports[host].tap >= 0 && polled[host].revents != 0) {
            read_frames(host);
        }
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_hangup};
    sigset_t hangup, open_signals;

    if (argc != 3 || (last_host = atoi(argv[2])) < 1 || last_host > MAX_HOSTS) {
        fprintf(stderr, "usage: tapswitch FOLDER HOSTS\n");
        return 2;
    }
    folder = argv[1];
    home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0) {
        fail("/proc/self/ns/net");
    }
    for (int host = 0; host <= last_host; host++) {
        ports[host].tap = -1;
    }
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hangup, &open_signals);
    sigdelset(&open_signals, SIGHUP);
    sigaction(SIGHUP, &action, NULL);
    /* Else short delays are rounded up by 50 microseconds. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (;;) {
        if (told) {
            told = 0;
            read_files();
        }
        wait_and_forward(&open_signals);
    }
}
