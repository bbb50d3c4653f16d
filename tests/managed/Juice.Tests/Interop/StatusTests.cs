using Juice.Interop;

namespace Juice.Tests.Interop;

public class StatusTests
{
    [TestCase(Status.Argument, typeof(ArgumentException))]
    [TestCase(Status.Cancelled, typeof(OperationCanceledException))]
    [TestCase(Status.File, typeof(IOException))]
    [TestCase(Status.Format, typeof(InvalidDataException))]
    [TestCase(Status.Memory, typeof(JuiceException))]
    [TestCase(Status.Unsupported, typeof(JuiceException))]
    [TestCase(Status.Internal, typeof(JuiceException))]
    [TestCase(Status.DeviceLost, typeof(JuiceException))]
    public void A_status_becomes_its_exception_with_the_native_sentence(int status, Type expected)
    {
        Exception exception = Status.ToException(status, "The sentence.");

        Assert.That(exception, Is.TypeOf(expected));
        Assert.That(exception.Message, Is.EqualTo("The sentence."));
    }

    [Test]
    public void Success_throws_nothing() => Assert.That(() => Status.Check(Status.Ok), Throws.Nothing);

    [Test]
    public unsafe void A_failing_call_leaves_its_sentence_for_the_thread_that_made_it()
    {
        int status = NativeMethods.juice_layout(-1, out _, out _, out _, out _);

        Assert.That(status, Is.EqualTo(Status.Argument));
        Assert.That(() => Status.Check(status), Throws.ArgumentException.With.Message.Not.Empty);
    }
}
