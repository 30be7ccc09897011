//! `identities`: what is known of each container, sandbox and pod (REC-7).
//!
//! A row when something has been learnt, one again when something has changed, one when the subject has ended, and one
//! of every living subject in each hour, so that deleting old files loses no names: the newest row of a subject says
//! everything that was known of it. A subject is its cgroup path and inode, as in `containers`; sealed files of other
//! tables are never rewritten when a name is learnt late, so readers complete null labels from here by `container_id`.

table! {
    Identities;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Node that the subject ran on.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        subject_kind: Text, "cgroup path, runtime state", "What the cgroup is: container, sandbox or pod.";
        #[key] cgroup_path: Text, "cgroup path below the hierarchy's mount", "Path of the cgroup.";
        #[key] cgroup_inode: Int, "inode of the cgroup directory", "Tells cgroups apart that reuse a path.";
        runtime: Text, "cgroup path, runtime state", "Container runtime.";
        container_id: Text, "cgroup path", "Full container id; null for pods.";
        container_name: Text, "identity sources", "Name of the container; null while unknown.";
        namespace: Text, "identity sources", "Kubernetes namespace; null while unknown.";
        pod_name: Text, "identity sources", "Name of the pod; null while unknown.";
        pod_uid: Text, "cgroup path", "UID of the pod; of a static pod the hash of its manifest.";
        mirror_pod_uid: Text, "Kubernetes API: kubernetes.io/config.hash", "UID under which the API server knows a static pod.";
        qos_class: Text, "cgroup path", "Kubernetes QoS class.";
        image: Text, "identity sources", "Name of the image; null while unknown.";
        labels: Text, "identity sources", "Labels of the pod, or of the container where there is no pod, as a JSON object.";
        sources: Text, "recorder", "Which source told which fact, as a JSON object of column names; what the cgroup path told is left out.";
    }
    metrics {
        first_seen: State None Time, "recorder", "First tick on which this run recorded the subject.";
        last_seen: State None Time, "recorder", "Tick of this row or, in the row of a subject that has ended, the last one on which it was there.";
        created: State None Time, "identity sources", "When the container was created.";
        started: State None Time, "identity sources", "When it was started.";
        finished: State None Time, "identity sources", "When it ended, as its runtime says.";
        exit_code: State None Int, "identity sources", "Its exit code, where its runtime says.";
        restart_count: State Count Int, "identity sources", "How often kubelet or the runtime had restarted it.";
        cpu_request_millicores: State Millicores Int, "Kubernetes API: resources.requests.cpu", "CPUs asked for, in thousandths.";
        cpu_limit_millicores: State Millicores Int, "Kubernetes API: resources.limits.cpu", "CPUs allowed, in thousandths.";
        memory_request_bytes: State Bytes Int, "Kubernetes API: resources.requests.memory", "Memory asked for.";
        memory_limit_bytes: State Bytes Int, "Kubernetes API: resources.limits.memory", "Memory allowed.";
    }
}
