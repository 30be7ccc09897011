//! `cpus`: one row per CPU and tick (REC-4).

table! {
    Cpus;
    labels {
        node_name: Text, "--node-name, NODE_NAME or the host name", "Name of the node.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        #[key] cpu: Int, "/proc/stat:cpuN", "Number of the CPU.";
    }
    metrics {
        cpu_user_usec_total: Counter Usec Int, "/proc/stat:cpuN 1, clock ticks to µs", "Time in user mode.";
        cpu_nice_usec_total: Counter Usec Int, "/proc/stat:cpuN 2, clock ticks to µs", "Time in user mode at low priority.";
        cpu_system_usec_total: Counter Usec Int, "/proc/stat:cpuN 3, clock ticks to µs", "Time in kernel mode.";
        cpu_idle_usec_total: Counter Usec Int, "/proc/stat:cpuN 4, clock ticks to µs", "Time idle.";
        cpu_iowait_usec_total: Counter Usec Int, "/proc/stat:cpuN 5, clock ticks to µs", "Time idle with IO outstanding.";
        cpu_irq_usec_total: Counter Usec Int, "/proc/stat:cpuN 6, clock ticks to µs", "Time in interrupts.";
        cpu_softirq_usec_total: Counter Usec Int, "/proc/stat:cpuN 7, clock ticks to µs", "Time in soft interrupts.";
        cpu_steal_usec_total: Counter Usec Int, "/proc/stat:cpuN 8, clock ticks to µs", "Time taken by the hypervisor.";
        cpu_busy_percent: Gauge Percent Fixed(2), "derived: busy over all time since the previous tick", "Share of time that this CPU was busy since the previous tick.";
    }
}
