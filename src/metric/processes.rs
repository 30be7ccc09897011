//! `processes`: one row per process and tick (REC-2, REC-3, REC-4).

table! {
    Processes;
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
        ppid: Int, "/proc/<pid>/stat:4", "Parent's process id when last looked at.";
        comm: Text, "/proc/<pid>/stat:2", "Name of the main thread, at most 15 bytes.";
        exe: Text, "readlink /proc/<pid>/exe", "Path of the executable; null for kernel threads.";
        cmdline: Text, "/proc/<pid>/cmdline", "Command line with spaces between arguments, cut at 512 bytes; null for kernel threads.";
    }
    metrics {
        cpu_usage_usec_total: Counter Usec Int, "/proc/<pid>/stat:14+15, clock ticks to µs", "CPU time used by all threads, in steps of one clock tick (10 ms).";
        cpu_user_usec_total: Counter Usec Int, "/proc/<pid>/stat:14, clock ticks to µs", "CPU time used in user mode.";
        cpu_system_usec_total: Counter Usec Int, "/proc/<pid>/stat:15, clock ticks to µs", "CPU time used in kernel mode.";
        cpu_usage_millicores: Gauge Millicores Fixed(1), "derived: cpu_usage_usec_total per second /1000", "CPUs in use since the previous tick, in thousandths.";
        cpu_user_millicores: Gauge Millicores Fixed(1), "derived: cpu_user_usec_total per second /1000", "CPUs in use in user mode since the previous tick, in thousandths.";
        cpu_system_millicores: Gauge Millicores Fixed(1), "derived: cpu_system_usec_total per second /1000", "CPUs in use in kernel mode since the previous tick, in thousandths.";
        cpu_percent_of_core: Gauge Percent Fixed(2), "derived: cpu_usage_millicores / 10", "CPU in use as a share of one CPU; above 100 when several are busy.";
        threads: Gauge Count Int, "/proc/<pid>/stat:20", "Threads.";
        minor_faults_total: Counter Count Int, "/proc/<pid>/stat:10", "Page faults that needed no IO.";
        major_faults_total: Counter Count Int, "/proc/<pid>/stat:12", "Page faults that needed IO.";
        main_thread_voluntary_switches_total: Counter Count Int, "/proc/<pid>/status:voluntary_ctxt_switches", "Times that the main thread gave up the CPU.";
        main_thread_involuntary_switches_total: Counter Count Int, "/proc/<pid>/status:nonvoluntary_ctxt_switches", "Times that the CPU was taken from the main thread.";
        main_thread_run_delay_usec_total: Counter Usec Int, "/proc/<pid>/schedstat:2 /1000", "Time for which the main thread was ready to run and waited for a CPU.";
        main_thread_timeslices_total: Counter Count Int, "/proc/<pid>/schedstat:3", "Times that the main thread was given a CPU.";
        open_files: Gauge Count Int, "size of /proc/<pid>/fd", "Open files, sockets and pipes; null before Linux 6.2.";
        open_files_max: State Count Int, "/proc/<pid>/limits:Max open files, soft", "Limit on open files when the program began.";
        memory_virtual_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmSize", "Virtual size.";
        memory_rss_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmRSS", "Resident set size.";
        memory_rss_anon_bytes: Gauge Bytes Int, "/proc/<pid>/status:RssAnon", "Resident anonymous memory.";
        memory_rss_file_bytes: Gauge Bytes Int, "/proc/<pid>/status:RssFile", "Resident file mappings.";
        memory_rss_shmem_bytes: Gauge Bytes Int, "/proc/<pid>/status:RssShmem", "Resident shared memory.";
        memory_rss_peak_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmHWM", "Largest resident set size ever seen.";
        memory_data_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmData", "Size of private data mappings (heap).";
        memory_stack_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmStk", "Size of the main thread's stack.";
        memory_pagetables_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmPTE", "Page tables.";
        memory_swap_bytes: Gauge Bytes Int, "/proc/<pid>/status:VmSwap", "Anonymous memory in swap.";
        memory_pss_bytes: Gauge Bytes Int, "/proc/<pid>/smaps_rollup:Pss", "Proportional set size; null on ticks on which it was not read.";
        memory_pss_anon_bytes: Gauge Bytes Int, "/proc/<pid>/smaps_rollup:Pss_Anon", "Anonymous part of the proportional set size.";
        memory_pss_file_bytes: Gauge Bytes Int, "/proc/<pid>/smaps_rollup:Pss_File", "File part of the proportional set size.";
        memory_pss_shmem_bytes: Gauge Bytes Int, "/proc/<pid>/smaps_rollup:Pss_Shmem", "Shared-memory part of the proportional set size.";
        memory_uss_bytes: Gauge Bytes Int, "/proc/<pid>/smaps_rollup:Private_Clean+Private_Dirty", "Memory that would be freed if the process ended.";
        memory_swap_pss_bytes: Gauge Bytes Int, "/proc/<pid>/smaps_rollup:SwapPss", "Proportional share of swap.";
        memory_pss_age_ticks: Gauge Ticks Int, "derived", "Ticks since the last reading of memory_pss_bytes; 0 on the tick of the reading.";
        io_read_chars_bytes_total: Counter Bytes Int, "/proc/<pid>/io:rchar", "Bytes returned by read calls, cached or not.";
        io_write_chars_bytes_total: Counter Bytes Int, "/proc/<pid>/io:wchar", "Bytes given to write calls, cached or not.";
        io_read_syscalls_total: Counter Count Int, "/proc/<pid>/io:syscr", "Read calls.";
        io_write_syscalls_total: Counter Count Int, "/proc/<pid>/io:syscw", "Write calls.";
        io_read_bytes_total: Counter Bytes Int, "/proc/<pid>/io:read_bytes", "Bytes fetched from storage.";
        io_write_bytes_total: Counter Bytes Int, "/proc/<pid>/io:write_bytes", "Bytes sent to storage.";
        io_cancelled_write_bytes_total: Counter Bytes Int, "/proc/<pid>/io:cancelled_write_bytes", "Bytes whose write-back was cancelled by truncation.";
    }
}
