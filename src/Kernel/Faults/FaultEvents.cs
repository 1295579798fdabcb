using Sim.Engine.Events;

namespace Sim.Kernel.Faults;

/// <summary>The first write to a page of anonymous memory got a zeroed frame (<c>do_anonymous_page</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
/// <param name="Pfn">Its frame.</param>
[Event(82, "fault.anon")]
public readonly partial record struct FaultAnon(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn);

/// <summary>The first read of a page of private anonymous memory mapped the shared zero page (<c>do_anonymous_page</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
[Event(83, "fault.zero")]
public readonly partial record struct FaultZero(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);

/// <summary>
/// A write to a page of a private area that may not be written in place got an anonymous frame of its own: the zero page
/// was mapped, or a file's page was or should be (<c>wp_page_copy</c>, <c>do_cow_fault</c>).
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
/// <param name="Pfn">The new frame.</param>
/// <param name="Major">The page to copy had to be read from its file.</param>
[Event(84, "fault.cow")]
public readonly partial record struct FaultCow(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Major);

/// <summary>A page of a file or shared memory object was mapped (<c>do_read_fault</c>, <c>do_shared_fault</c>).</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
/// <param name="Pfn">The frame in the page cache.</param>
/// <param name="Write">Mapped dirty and writable, because the access was a write to a shared area.</param>
/// <param name="Major">The page had to be read from its file.</param>
[Event(85, "fault.file")]
public readonly partial record struct FaultFile(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pfn"), Delta(21)] long Pfn,
    bool Write,
    bool Major);

/// <summary>
/// A write to a write-protected page went on in place: the page belongs to this process alone, or is shared on purpose
/// (<c>wp_page_reuse</c>).
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
[Event(86, "fault.reuse")]
public readonly partial record struct FaultReuse(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);

/// <summary>A fault found its page mapped and allowed already; counted and otherwise without effect.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
[Event(87, "fault.spurious")]
public readonly partial record struct FaultSpurious(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);

/// <summary>An access that nothing can make right: the process gets SIGSEGV. Changes no state by itself.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Address">Address of the access.</param>
/// <param name="Code">Why, as in <c>si_code</c>.</param>
/// <param name="ErrorCode">The CPU's error code.</param>
[Event(88, "fault.segv", Ignorable = true)]
public readonly partial record struct FaultSegv(
    [Unit("pid")] int Pid,
    [Address] long Address,
    SegvCode Code,
    int ErrorCode);

/// <summary>A fault needed a frame and there was none. Changes no state by itself.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">Page.</param>
[Event(89, "fault.oom", Ignorable = true)]
public readonly partial record struct FaultOom(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn);

/// <summary>
/// The pages of a range that are in the page cache and not mapped yet were mapped around a read fault
/// (<c>filemap_map_pages</c>).
/// </summary>
/// <param name="Pid">Process.</param>
/// <param name="Vpn">First page of the range, which lies in one page table.</param>
/// <param name="Pages">Length.</param>
/// <param name="Resolved">The page of the fault was among them, and the fault is counted.</param>
/// <param name="Major">The process had to wait for that page.</param>
[Event(156, "fault.around")]
public readonly partial record struct FaultAround(
    [Unit("pid")] int Pid,
    [Unit("vpn"), Delta(20)] long Vpn,
    [Unit("pages")] long Pages,
    bool Resolved,
    bool Major);

/// <summary>An access behind the end of a file: the process gets SIGBUS. Changes no state by itself.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Address">Address of the access.</param>
[Event(158, "fault.bus", Ignorable = true)]
public readonly partial record struct FaultBus(
    [Unit("pid")] int Pid,
    [Address] long Address);
