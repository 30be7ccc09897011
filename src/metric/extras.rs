//! `extras`: what a cgroup's files say under keys that this dictionary does not know (REC-2, REC-4).
//!
//! One row per key whenever its value has changed, and at least every 60 ticks; none while the value has been 0 since
//! the recorder's start. Between two rows of a living subject the value was that of the earlier one.

table! {
    Extras;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Node that the subject ran on.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        subject_kind: Text, "cgroup path", "What the cgroup is: container, sandbox, pod, service, slice or root.";
        #[key] cgroup_path: Text, "cgroup path below the hierarchy's mount", "Path of the cgroup.";
        #[key] cgroup_inode: Int, "inode of the cgroup directory", "Tells cgroups apart that reuse a path.";
        container_id: Text, "cgroup path", "Full container id; null outside containers.";
        container_name: Text, "identity sources", "Name of the container; null while unknown.";
        namespace: Text, "identity sources", "Kubernetes namespace; null while unknown.";
        pod_name: Text, "identity sources", "Name of the pod; null while unknown.";
        pod_uid: Text, "cgroup path", "UID of the pod.";
        #[key] source: Text, "the cgroup's file and the key in it", "Where the value stands, such as memory.stat:pgdemote_direct.";
    }
    metrics {
        value: Gauge None Int, "the file and key that the label source names", "The number as the kernel wrote it: a counter or a gauge, in whatever unit.";
        value_decimal: Gauge None Fixed(6), "recordings by others", "A number with decimals that somebody else has recorded; value is null then.";
    }
}
