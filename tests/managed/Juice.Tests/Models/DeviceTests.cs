namespace Juice.Tests;

public class DeviceTests
{
    [Test]
    public void The_processor_is_always_there_and_the_default()
    {
        Assert.That(Device.Cpu.IsAvailable, Is.True);
        Assert.That(Device.Cpu.Name, Is.EqualTo("cpu"));
        Assert.That(Device.Cpu.Reason, Is.Null);
        Assert.That(Device.Cpu.Cores, Is.Positive);
        Assert.That(Device.Cpu.Memory, Is.Positive);
        Assert.That(Device.Cpu.Description, Is.Not.Empty);
        Assert.That(Device.Default, Is.EqualTo(Device.Cpu));
        Assert.That(Device.All, Does.Contain(Device.Cpu));
    }

    [Test]
    public void Devices_that_are_not_available_say_why() =>
        Assert.That(Device.All.Where(device => !device.IsAvailable).Select(device => device.Reason), Is.All.Not.Empty);

    [Test]
    public void A_graphics_card_is_listed_whether_it_is_there_or_not()
    {
        Device card = Device.Cuda();
        Assert.That(card.Name, Is.EqualTo("cuda:0"));
        Assert.That(Device.All, Does.Contain(card));
        Assert.That(Device.Named("cuda"), Is.EqualTo(card));
        Assert.That(card.IsAvailable || !string.IsNullOrEmpty(card.Reason), Is.True);
        Assert.That(() => Device.Cuda(-1), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Device.Cuda(1000), Throws.ArgumentException.With.Message.Contains("'cuda:1000'"));
    }

    [Test]
    public void A_device_of_an_unknown_name_is_rejected_with_the_names_there_are() =>
        Assert.That(() => Device.Named("abacus"), Throws.ArgumentException.With.Message.Contains("'abacus'").And.Message.Contains("cpu"));
}
