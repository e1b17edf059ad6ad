//! The kernels' own functions, held to their bounds over their whole range.
