//! `node`: one row per tick, the host as a whole and the recorder's own cost (REC-4, REC-6).

table! {
    Node;
    labels {
        #[key] node_name: Text, "--node-name, NODE_NAME or the host name", "Name of the node.";
        cluster_name: Text, "--cluster-name or CLUSTER_NAME", "Cluster of the node.";
        boot_id: Text, "/proc/sys/kernel/random/boot_id", "Boot of the kernel.";
    }
    metrics {
        load1: Gauge None Fixed(2), "/proc/loadavg:1", "Tasks running or in uninterruptible sleep, averaged over 1 min.";
        load5: Gauge None Fixed(2), "/proc/loadavg:2", "Tasks running or in uninterruptible sleep, averaged over 5 min.";
        load15: Gauge None Fixed(2), "/proc/loadavg:3", "Tasks running or in uninterruptible sleep, averaged over 15 min.";
        cpu_user_usec_total: Counter Usec Int, "/proc/stat:cpu 1, clock ticks to µs", "CPU time in user mode, all CPUs.";
        cpu_nice_usec_total: Counter Usec Int, "/proc/stat:cpu 2, clock ticks to µs", "CPU time in user mode at low priority, all CPUs.";
        cpu_system_usec_total: Counter Usec Int, "/proc/stat:cpu 3, clock ticks to µs", "CPU time in kernel mode, all CPUs.";
        cpu_idle_usec_total: Counter Usec Int, "/proc/stat:cpu 4, clock ticks to µs", "CPU time idle, all CPUs.";
        cpu_iowait_usec_total: Counter Usec Int, "/proc/stat:cpu 5, clock ticks to µs", "CPU time idle with IO outstanding, all CPUs.";
        cpu_irq_usec_total: Counter Usec Int, "/proc/stat:cpu 6, clock ticks to µs", "CPU time in interrupts, all CPUs.";
        cpu_softirq_usec_total: Counter Usec Int, "/proc/stat:cpu 7, clock ticks to µs", "CPU time in soft interrupts, all CPUs.";
        cpu_steal_usec_total: Counter Usec Int, "/proc/stat:cpu 8, clock ticks to µs", "CPU time taken by the hypervisor, all CPUs.";
        cpu_busy_millicores: Gauge Millicores Fixed(1), "derived: user, nice, system, irq, softirq and steal per second", "CPUs busy since the previous tick, in thousandths.";
        context_switches_total: Counter Count Int, "/proc/stat:ctxt", "Context switches.";
        forks_total: Counter Count Int, "/proc/stat:processes", "Processes and threads created.";
        procs_running: Gauge Count Int, "/proc/stat:procs_running", "Tasks running or ready to run.";
        procs_blocked: Gauge Count Int, "/proc/stat:procs_blocked", "Tasks blocked on IO.";
        memory_total_bytes: Gauge Bytes Int, "/proc/meminfo:MemTotal", "Memory of the host.";
        memory_free_bytes: Gauge Bytes Int, "/proc/meminfo:MemFree", "Memory not used for anything.";
        memory_available_bytes: Gauge Bytes Int, "/proc/meminfo:MemAvailable", "Memory available to new programs without swapping.";
        memory_buffers_bytes: Gauge Bytes Int, "/proc/meminfo:Buffers", "Block device buffers.";
        memory_cached_bytes: Gauge Bytes Int, "/proc/meminfo:Cached", "Page cache and shared memory.";
        memory_dirty_bytes: Gauge Bytes Int, "/proc/meminfo:Dirty", "Page cache not yet written back.";
        memory_writeback_bytes: Gauge Bytes Int, "/proc/meminfo:Writeback", "Page cache being written back.";
        memory_anon_bytes: Gauge Bytes Int, "/proc/meminfo:AnonPages", "Anonymous memory mapped by processes.";
        memory_mapped_bytes: Gauge Bytes Int, "/proc/meminfo:Mapped", "Files mapped by processes.";
        memory_shmem_bytes: Gauge Bytes Int, "/proc/meminfo:Shmem", "Shared memory and tmpfs.";
        memory_slab_bytes: Gauge Bytes Int, "/proc/meminfo:Slab", "Slab.";
        memory_slab_reclaimable_bytes: Gauge Bytes Int, "/proc/meminfo:SReclaimable", "Slab that can be reclaimed.";
        memory_kernel_stack_bytes: Gauge Bytes Int, "/proc/meminfo:KernelStack", "Kernel stacks.";
        memory_pagetables_bytes: Gauge Bytes Int, "/proc/meminfo:PageTables", "Page tables.";
        memory_swap_total_bytes: Gauge Bytes Int, "/proc/meminfo:SwapTotal", "Swap space.";
        memory_swap_free_bytes: Gauge Bytes Int, "/proc/meminfo:SwapFree", "Swap space not in use.";
        cpu_pressure_some_usec_total: Counter Usec Int, "/proc/pressure/cpu:some total", "Time for which some tasks that wanted to run stalled on CPU.";
        cpu_pressure_some_avg10_percent: Gauge Percent Fixed(2), "/proc/pressure/cpu:some avg10", "Share of the last 10 s in which some tasks stalled on CPU.";
        cpu_pressure_some_avg60_percent: Gauge Percent Fixed(2), "/proc/pressure/cpu:some avg60", "Share of the last 60 s in which some tasks stalled on CPU.";
        cpu_pressure_some_avg300_percent: Gauge Percent Fixed(2), "/proc/pressure/cpu:some avg300", "Share of the last 300 s in which some tasks stalled on CPU.";
        cpu_pressure_full_usec_total: Counter Usec Int, "/proc/pressure/cpu:full total", "Time for which all tasks that wanted to run stalled on CPU.";
        cpu_pressure_full_avg10_percent: Gauge Percent Fixed(2), "/proc/pressure/cpu:full avg10", "Share of the last 10 s in which all tasks stalled on CPU.";
        cpu_pressure_full_avg60_percent: Gauge Percent Fixed(2), "/proc/pressure/cpu:full avg60", "Share of the last 60 s in which all tasks stalled on CPU.";
        cpu_pressure_full_avg300_percent: Gauge Percent Fixed(2), "/proc/pressure/cpu:full avg300", "Share of the last 300 s in which all tasks stalled on CPU.";
        memory_pressure_some_usec_total: Counter Usec Int, "/proc/pressure/memory:some total", "Time for which some tasks that wanted to run stalled on memory.";
        memory_pressure_some_avg10_percent: Gauge Percent Fixed(2), "/proc/pressure/memory:some avg10", "Share of the last 10 s in which some tasks stalled on memory.";
        memory_pressure_some_avg60_percent: Gauge Percent Fixed(2), "/proc/pressure/memory:some avg60", "Share of the last 60 s in which some tasks stalled on memory.";
        memory_pressure_some_avg300_percent: Gauge Percent Fixed(2), "/proc/pressure/memory:some avg300", "Share of the last 300 s in which some tasks stalled on memory.";
        memory_pressure_full_usec_total: Counter Usec Int, "/proc/pressure/memory:full total", "Time for which all tasks that wanted to run stalled on memory.";
        memory_pressure_full_avg10_percent: Gauge Percent Fixed(2), "/proc/pressure/memory:full avg10", "Share of the last 10 s in which all tasks stalled on memory.";
        memory_pressure_full_avg60_percent: Gauge Percent Fixed(2), "/proc/pressure/memory:full avg60", "Share of the last 60 s in which all tasks stalled on memory.";
        memory_pressure_full_avg300_percent: Gauge Percent Fixed(2), "/proc/pressure/memory:full avg300", "Share of the last 300 s in which all tasks stalled on memory.";
        io_pressure_some_usec_total: Counter Usec Int, "/proc/pressure/io:some total", "Time for which some tasks that wanted to run stalled on IO.";
        io_pressure_some_avg10_percent: Gauge Percent Fixed(2), "/proc/pressure/io:some avg10", "Share of the last 10 s in which some tasks stalled on IO.";
        io_pressure_some_avg60_percent: Gauge Percent Fixed(2), "/proc/pressure/io:some avg60", "Share of the last 60 s in which some tasks stalled on IO.";
        io_pressure_some_avg300_percent: Gauge Percent Fixed(2), "/proc/pressure/io:some avg300", "Share of the last 300 s in which some tasks stalled on IO.";
        io_pressure_full_usec_total: Counter Usec Int, "/proc/pressure/io:full total", "Time for which all tasks that wanted to run stalled on IO.";
        io_pressure_full_avg10_percent: Gauge Percent Fixed(2), "/proc/pressure/io:full avg10", "Share of the last 10 s in which all tasks stalled on IO.";
        io_pressure_full_avg60_percent: Gauge Percent Fixed(2), "/proc/pressure/io:full avg60", "Share of the last 60 s in which all tasks stalled on IO.";
        io_pressure_full_avg300_percent: Gauge Percent Fixed(2), "/proc/pressure/io:full avg300", "Share of the last 300 s in which all tasks stalled on IO.";
        recorder_cpu_usec_total: Counter Usec Int, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", "CPU time used by the recorder's process.";
        recorder_rss_bytes: Gauge Bytes Int, "/proc/self/statm:2", "Resident set size of the recorder's process.";
        recorder_tick_usec: Gauge Usec Int, "derived: monotonic clock", "Time that sampling the previous tick took.";
        recorder_late_usec: Gauge Usec Int, "derived: wall clock against the schedule", "How late this tick began.";
        recorder_files_read: Gauge Count Int, "derived", "Kernel files read on the previous tick.";
        recorder_read_errors_total: Counter Count Int, "derived", "Kernel files that could not be read or understood since the start.";
        recorder_written_bytes_total: Counter Bytes Int, "derived", "Bytes appended to open segments since the start.";
    }
}
