// The runtime zeroes the locals of every method first, whether they are read unwritten (C# does not let them) or not; where much is
// inlined these are hundreds of bytes at each call. What stackalloc gives is not zeroed then either: write it before it is read.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
