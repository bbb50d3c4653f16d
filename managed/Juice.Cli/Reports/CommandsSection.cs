using System.Xml.Linq;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>How to have the same again.</summary>
internal static class CommandsSection
{
    public static XElement Of(ReportFacts facts)
    {
        IEnumerable<string> lines = facts.History.Commands.Append(facts.Command);
        string same = facts.History.Commands.Count > 0
            ? "The same commands make the same model and the same pictures, bit for bit on the same instruction set, whatever the number of threads. "
                + "Files go by their names, without folders."
            : "The model's file does not tell how it was trained.";
        return ReportPage.Section("commands", "The same again", Tag("p", null, same), Tag("pre", null, string.Join('\n', lines)));
    }
}
