/* A test in C of code that needs root: it opens a raw socket and sets the MTU of a device.
 *
 *     cc -o raw raw.c && netns-run --veth -- ./raw
 *
 * Without netns-run, root would change the MTU of the machine's eth0.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void)
{
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (raw < 0) {
        perror("socket");
        return 1;
    }
    struct ifreq request = { .ifr_mtu = 1400 };
    strcpy(request.ifr_name, "eth0");
    if (ioctl(raw, SIOCSIFMTU, &request) < 0) {
        perror("SIOCSIFMTU");
        return 1;
    }
    request.ifr_mtu = 0;
    if (ioctl(raw, SIOCGIFMTU, &request) < 0 || request.ifr_mtu != 1400) {
        fprintf(stderr, "the MTU of eth0 is %d\n", request.ifr_mtu);
        return 1;
    }
    puts("ok");
    return 0;
}
