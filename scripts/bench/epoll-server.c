// What a fan-out cannot do without: one write of the same bytes to every client, over epoll, in one thread. Answers any
// request with a stream's head and the event, then sends the event again to everybody for each "publish" on standard
// input. A client that does not take everything gets the rest when it can.
//
//   epoll-server EVENT_FILE      prints "port N"; "usage" on standard input prints "usage CPU_US RSS_BYTES CLIENTS",
//                                "publish" prints "published EPOCH_US" with the instant before the first write

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 65536
#define EVENTS 512

static char *event_bytes;
static size_t event_length;
/* Bytes of the event still owed to each client; 0 when it has everything. */
static size_t owed[FDS_MAX];
static uint8_t is_client[FDS_MAX];
static int clients, epoll_fd;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void drop(int fd) {
  if (is_client[fd]) clients--;
  is_client[fd] = 0;
  owed[fd] = 0;
  close(fd);
}

static void send_owed(int fd) {
  size_t before = owed[fd];
  while (owed[fd] > 0) {
    ssize_t sent = write(fd, event_bytes + (event_length - owed[fd]), owed[fd]);
    if (sent < 0) {
      if (errno != EAGAIN) return drop(fd);
      struct epoll_event wait = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
      epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &wait);
      return;
    }
    owed[fd] -= (size_t)sent;
  }
  if (before > 0) {
    struct epoll_event wait = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &wait);
  }
}

static void answer(int fd) {
  char request[8192];
  ssize_t got = read(fd, request, sizeof request);
  if (got <= 0) return drop(fd);
  if (is_client[fd]) return;
  is_client[fd] = 1;
  clients++;
  const char *head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:ok\n\n";
  if (write(fd, head, strlen(head)) < 0) return drop(fd);
  owed[fd] = event_length;
  send_owed(fd);
}

static void publish(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  for (int fd = 0; fd < FDS_MAX; fd++) {
    if (!is_client[fd]) continue;
    /* One write to each; only what the socket did not take waits for epoll. */
    owed[fd] = event_length;
    ssize_t sent = write(fd, event_bytes, event_length);
    if (sent > 0) owed[fd] -= (size_t)sent;
    if (owed[fd] > 0) send_owed(fd);
  }
  printf("published %lld\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000);
}

static void usage(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  long long cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec +
                     used.ru_stime.tv_usec;
  printf("usage %lld %lld %d\n", cpu_us, used.ru_maxrss * 1024LL, clients);
}

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "expected the event's file\n"), 1;
  FILE *file = fopen(argv[1], "rb");
  if (!file) fail(argv[1]);
  fseek(file, 0, SEEK_END);
  event_length = (size_t)ftell(file);
  rewind(file);
  event_bytes = malloc(event_length);
  if (fread(event_bytes, 1, event_length, file) != event_length) fail("read");
  fclose(file);
  setvbuf(stdout, NULL, _IOLBF, 0);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) fail("listen");
  socklen_t size = sizeof address;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("port %d\n", ntohs(address.sin_port));

  epoll_fd = epoll_create1(0);
  struct epoll_event on_listener = {.events = EPOLLIN, .data.fd = listener};
  struct epoll_event on_input = {.events = EPOLLIN, .data.fd = 0};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &on_listener);
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &on_input);
  for (;;) {
    struct epoll_event ready[EVENTS];
    int count = epoll_wait(epoll_fd, ready, EVENTS, -1);
    for (int index = 0; index < count; index++) {
      int fd = ready[index].data.fd;
      if (fd == listener) {
        for (int client; (client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
          if (client >= FDS_MAX) close(client);
          struct epoll_event on_client = {.events = EPOLLIN, .data.fd = client};
          epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client, &on_client);
        }
      } else if (fd == 0) {
        char line[256];
        ssize_t got = read(0, line, sizeof line - 1);
        if (got <= 0) return 0;
        line[got] = 0;
        if (strstr(line, "publish")) publish();
        if (strstr(line, "usage")) usage();
      } else {
        if (ready[index].events & EPOLLOUT) send_owed(fd);
        if (ready[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) answer(fd);
      }
    }
  }
}
