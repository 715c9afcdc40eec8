// Many readers of one stream in one thread, so that what is measured is the server. Every client reads its bytes and
// looks for the end of each event; the instants go out when all have an event.
//
//   sse-clients PORT PATH CLIENTS STALLED
//
// STALLED further clients ask and then never read. Prints "ready" when all clients have their first event, and for each
// later one "event COUNT FIRST P50 P99 LAST", instants in microseconds of the epoch. "lost" says that a connection has
// ended. Events shorter than 1,000 bytes (comments, greetings) do not count.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 512
#define BYTES (256 * 1024)
#define EVENT_BYTES_MIN 1000
#define CONNECTING_MAX 128

struct client {
  int fd;
  /* Bytes since the last empty line, and whether the last byte ended a line. */
  size_t length;
  int at_line_start;
  int events;
  int has_answer;
};

static int clients, received, waiting_for = 1, ready, answered, lost;
static int64_t *instants;
static char bytes[BYTES];

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static void everybody_has_it(void) {
  if (!ready) {
    ready = 1;
    printf("ready\n");
  } else {
    qsort(instants, (size_t)clients, sizeof *instants, by_size);
    printf("event %d %lld %lld %lld %lld\n", waiting_for - 1, (long long)instants[0],
           (long long)instants[clients / 2], (long long)instants[(int)(clients * 0.99)],
           (long long)instants[clients - 1]);
  }
  waiting_for++;
  received = 0;
}

static void take(struct client *client, size_t count) {
  char *at = bytes, *end = bytes + count;
  while (at < end) {
    if (client->at_line_start && *at == '\n') {
      if (client->length >= EVENT_BYTES_MIN && ++client->events == waiting_for) {
        instants[received++] = now_us();
        if (received == clients) everybody_has_it();
      }
      client->length = 0;
      at++;
      continue;
    }
    char *line_end = memchr(at, '\n', (size_t)(end - at));
    client->at_line_start = line_end != NULL;
    char *next = line_end ? line_end + 1 : end;
    client->length += (size_t)(next - at);
    at = next;
  }
}

static int open_client(int port, int stalled) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    perror("socket");
    exit(1);
  }
  if (stalled) {
    int small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  }
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
    perror("connect");
    exit(1);
  }
  return fd;
}

static void ask(int fd, const char *path) {
  char request[512];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n", path);
  if (write(fd, request, (size_t)length) != length) {
    perror("request");
    exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "expected PORT PATH CLIENTS STALLED\n"), 1;
  int port = atoi(argv[1]);
  const char *path = argv[2];
  clients = atoi(argv[3]);
  int stalled = atoi(argv[4]);
  struct client *list = calloc((size_t)clients, sizeof *list);
  instants = calloc((size_t)clients, sizeof *instants);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setvbuf(stdout, NULL, _IOLBF, 0);

  int epoll_fd = epoll_create1(0), opened = 0;
  for (int stalled_opened = 0;;) {
    for (; opened < clients && opened - answered < CONNECTING_MAX; opened++) {
      list[opened].fd = open_client(port, 0);
      struct epoll_event wait = {.events = EPOLLOUT, .data.ptr = &list[opened]};
      epoll_ctl(epoll_fd, EPOLL_CTL_ADD, list[opened].fd, &wait);
    }
    for (; ready && stalled_opened < stalled; stalled_opened++) {
      int fd = open_client(port, 1);
      while (1) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0) break;
        usleep(1000);
      }
      ask(fd, path);
      if (stalled_opened == stalled - 1) printf("stalled %d\n", stalled);
    }
    struct epoll_event woken[EVENTS];
    int count = epoll_wait(epoll_fd, woken, EVENTS, -1);
    for (int index = 0; index < count; index++) {
      struct client *client = woken[index].data.ptr;
      if (woken[index].events & EPOLLOUT) {
        ask(client->fd, path);
        struct epoll_event wait = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &wait);
        continue;
      }
      ssize_t got = read(client->fd, bytes, BYTES);
      if (got > 0) {
        if (!client->has_answer) answered++;
        client->has_answer = 1;
        take(client, (size_t)got);
      } else if (got == 0 || errno != EAGAIN) {
        if (!lost++) printf("lost\n");
        close(client->fd);
      }
    }
  }
}
