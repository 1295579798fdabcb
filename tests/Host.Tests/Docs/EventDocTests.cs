using System.Text;
using Sim.Engine.Events;
using Sim.Hardware.Events;
using Sim.Kernel.Events;

namespace Sim.Host.Tests.Docs;

/// <summary>
/// Golden: <c>docs/format/events.md</c> is what the declarations say. <c>SIM_UPDATE_DOCS=1 dotnet test --filter EventDocTests</c>
/// writes it anew.
/// </summary>
public class EventDocTests
{
    [Fact]
    public void ThePageOfEventsIsWhatTheDeclarationsSay()
    {
        string path = Path.Combine(Repository.Root, "docs", "format", "events.md");
        if (Environment.GetEnvironmentVariable("SIM_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, Page());
        }
        Assert.Equal(Page(), File.ReadAllText(path));
    }

    private static string Page()
    {
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        var page = new StringBuilder(
            """
            # Events

            Every kind of event, generated from the declarations (`[Event]` records; `EventDocTests` writes and checks this page).
            On the wire an event is `[kind, Δtime, cause distance, fields…]`; see [event-log.md](event-log.md). A field with a delta
            group is written as the difference from the last value of that group in the block.

            """);
        foreach (IGrouping<string, EventDescriptor> category in catalogue.Descriptors.OrderBy(d => d.Kind).GroupBy(d => d.Category))
        {
            page.Append("\n## ").Append(category.Key).Append('\n');
            foreach (EventDescriptor e in category)
            {
                page.Append("\n### ").Append(e.Kind).Append(" `").Append(e.Name).Append('`').Append(e.Ignorable ? " (ignorable)" : "").Append('\n');
                page.Append(e.Doc).Append("\n\n| field | column | type | unit | delta | meaning |\n|---|---|---|---|---|---|\n");
                foreach (FieldDescriptor f in e.Fields)
                {
                    string type = f.Type == FieldType.Enum ? string.Join(" ", f.EnumNames.Take(24)) : f.Type.ToString();
                    page.Append("| ").Append(f.Name).Append(" | `").Append(f.Column).Append("` | ").Append(type).Append(" | ").Append(f.Unit)
                        .Append(" | ").Append(f.DeltaGroup < 0 ? "" : f.DeltaGroup.ToString()).Append(" | ").Append(f.Doc).Append(" |\n");
                }
            }
        }
        return page.ToString();
    }
}
