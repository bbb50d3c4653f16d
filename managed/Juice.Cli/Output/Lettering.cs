using SkiaSharp;

namespace Juice.Cli.Output;

/// <summary>The font that pictures are lettered with, where one is installed.</summary>
internal static class Lettering
{
    // The drawing libraries' own choice is one that slim Linux images lack, and their fallback has serifs.
    private static readonly string[] s_families = ["DejaVu Sans", "Liberation Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "Arial"];

    /// <summary>The first of the usual sans-serif families that is installed; null where none is.</summary>
    public static string? Family
    {
        get
        {
            string[] installed = SKFontManager.Default.GetFontFamilies();
            return s_families.FirstOrDefault(installed.Contains);
        }
    }

    /// <summary>Whether there is any font to write with; without one pictures have no words.</summary>
    public static bool HasFont
    {
        get
        {
            using SKTypeface? face = SKTypeface.FromFamilyName(Family);
            return face is not null && face.ContainsGlyph('e');
        }
    }

    /// <summary>A font of a size in pixels; null where there is none.</summary>
    public static SKFont? Font(float size) => HasFont ? new SKFont(SKTypeface.FromFamilyName(Family), size) : null;

    /// <summary>Says once a picture is written that it has no words, and how it would have some.</summary>
    public static void NoteMissing(Terminal terminal, string picture)
    {
        if (!HasFont) terminal.Note($"{picture} has no words: no font is installed here (Debian's package fonts-dejavu-core has one)");
    }
}
