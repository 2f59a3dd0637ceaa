"""A suite in Python that nobody changed for namespaces: it takes fixed ports and sets an address, as only root could.

    netns-run --veth -- python3 -m unittest test_server
"""

import os
import socket
import unittest


class Server(unittest.TestCase):
    def test_a_fixed_port_is_free(self):
        with socket.create_server(("127.0.0.1", 80)) as server:
            with socket.create_connection(server.getsockname()) as client:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"hello")
                self.assertEqual(client.recv(16), b"hello")

    def test_the_suite_has_a_network_of_its_own(self):
        interfaces = sorted(name for _, name in socket.if_nameindex())
        self.assertEqual(interfaces, ["eth0", "lo"])

    def test_the_neighbour_is_at_the_other_end(self):
        # UDP, so that nothing has to listen there: the kernel chooses the source address.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((os.environ["NETNS_RUN_PEER_IPV4"], 9))
            self.assertEqual(client.getsockname()[0], os.environ["NETNS_RUN_IPV4"])


if __name__ == "__main__":
    unittest.main()
