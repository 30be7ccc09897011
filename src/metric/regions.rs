//! `regions`: what a process's memory is mapped from, one row per process, mapping name and reading (REC-2); only with
//! `--verbose-perf-risk`.
//!
//! A process is read every 30 s at most, so a tick without rows means nothing; all rows of a reading have its tick.

table! {
    Regions;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Node that the process ran on.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        subject_kind: Text, "cgroup path", "What the process's cgroup is: container, sandbox, pod, service, slice or root.";
        cgroup_path: Text, "cgroup path below the hierarchy's mount", "Path of the innermost cgroup in scope.";
        cgroup_inode: Int, "inode of the cgroup directory", "Tells cgroups apart that reuse a path.";
        container_id: Text, "cgroup path", "Full container id; null outside containers.";
        container_name: Text, "identity sources", "Name of the container; null while unknown.";
        namespace: Text, "identity sources", "Kubernetes namespace; null while unknown.";
        pod_name: Text, "identity sources", "Name of the pod; null while unknown.";
        pod_uid: Text, "cgroup path", "UID of the pod.";
        #[key] boot_id: Text, "/proc/sys/kernel/random/boot_id", "Boot of the kernel; pids and start ticks mean nothing across boots.";
        #[key] pid: Int, "/proc/<pid>", "Process id as the recorder's pid namespace sees it.";
        #[key] start_ticks: Int, "/proc/<pid>/stat:22", "Start time in clock ticks since boot; tells reused pids apart.";
        comm: Text, "/proc/<pid>/stat:2", "Name of the main thread, at most 15 bytes.";
        #[key] region: Text, "/proc/<pid>/smaps", "Name of the mappings: a path, [heap], [stack], [anon] for those without one; [other] adds up the small ones beyond the 32 with the most PSS and swap.";
    }
    metrics {
        mappings: Gauge Count Int, "/proc/<pid>/smaps, derived: number of mappings", "Mappings of this name.";
        memory_virtual_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Size", "Virtual size.";
        memory_rss_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Rss", "Resident set size.";
        memory_pss_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Pss", "Proportional set size.";
        memory_shared_clean_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Shared_Clean", "Resident pages that others map too, unchanged since they were read.";
        memory_shared_dirty_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Shared_Dirty", "Resident pages that others map too, written to.";
        memory_private_clean_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Private_Clean", "Resident pages of this process alone, unchanged since they were read.";
        memory_private_dirty_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Private_Dirty", "Resident pages of this process alone, written to.";
        memory_anonymous_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Anonymous", "Resident pages that belong to no file.";
        memory_swap_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:Swap", "Anonymous memory in swap.";
        memory_swap_pss_bytes: Gauge Bytes Int, "/proc/<pid>/smaps:SwapPss", "Proportional share of swap.";
    }
}
