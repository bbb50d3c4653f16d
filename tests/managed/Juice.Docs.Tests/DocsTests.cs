using System.Text.RegularExpressions;

namespace Juice.Docs.Tests;

public partial class DocsTests
{
    private static IEnumerable<TestCaseData> Pages() => Page.All().Select(page => new TestCaseData(page).SetArgDisplayNames(page.Name));

    [TestCaseSource(nameof(Pages))]
    public void Every_block_of_the_page_does_what_the_page_says(object page)
    {
        using Reader reader = new((Page)page);
        Assert.DoesNotThrow(reader.Read);
    }

    [TestCaseSource(nameof(Pages))]
    public void Every_link_into_the_repository_leads_somewhere(object page)
    {
        string folder = Path.Combine(Page.Root, "docs");
        string text = File.ReadAllText(Path.Combine(folder, ((Page)page).Name));

        string[] dead = [.. Link().Matches(text).Select(match => match.Groups[1].Value).Where(link => !link.Contains("://", StringComparison.Ordinal))
            .Where(link => !Path.Exists(Path.Combine(folder, link.Split('#')[0])))];

        Assert.That(dead, Is.Empty);
    }

    [GeneratedRegex(@"\]\(([^)#][^)]*)\)")]
    private static partial Regex Link();
}
