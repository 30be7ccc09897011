"""As much of the container runtime interface (CRI, runtime.v1) as a test needs to act as kubelet.

Messages are built by hand: fields as `{number: value}`, which is all that the wire format knows.
"""

import grpc


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(message):
    """A message of numbers, texts, messages and lists of these."""
    out = b""
    for field, value in message.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                out += varint(field << 3) + varint(item)
            else:
                data = encode(item) if isinstance(item, dict) else item.encode()
                out += varint(field << 3 | 2) + varint(len(data)) + data
    return out


def first_text(data):
    """Field 1 of an answer, which is the new id."""
    if not data:
        return ""
    assert data[0] == 0x0A and data[1] < 0x80, data
    return data[2 : 2 + data[1]].decode()


NODE_NETWORK = {1: 2}


class Runtime:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel(f"unix:{socket}")

    def call(self, method, message):
        path = f"/runtime.v1.RuntimeService/{method}"
        call = self.channel.unary_unary(path, request_serializer=encode, response_deserializer=first_text)
        return call(message, timeout=60, wait_for_ready=True)

    def sandbox(self, namespace, name, uid, cgroup_parent, logs):
        """Starts a pod's sandbox; returns its id and its configuration, which containers ask for again."""
        config = {
            1: {1: name, 2: uid, 3: namespace},
            3: str(logs),
            6: [{1: "app", 2: name}],
            8: {1: cgroup_parent, 2: {1: NODE_NETWORK}},
        }
        return self.call("RunPodSandbox", {1: config}), config

    def container(self, sandbox, config, name, image, command, quota_usec, memory_bytes):
        resources = {1: 100_000, 2: quota_usec, 3: 102, 4: memory_bytes}
        wanted = {
            1: {1: name},
            2: {1: image},
            3: command,
            11: f"{name}/0.log",
            15: {1: resources, 2: {3: NODE_NETWORK}},
        }
        container = self.call("CreateContainer", {1: sandbox, 2: wanted, 3: config})
        self.call("StartContainer", {1: container})
        return container

    def remove(self, sandbox):
        self.call("StopPodSandbox", {1: sandbox})
        self.call("RemovePodSandbox", {1: sandbox})
