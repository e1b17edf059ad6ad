//! In the place of the crate `inventory`: what is submitted is dropped at compile time, and every list is empty.

#![no_std]

/// Something that there could be a list of.
pub trait Collect: Sync + Sized + 'static {}

/// Declares a list.
#[macro_export]
macro_rules! collect {
    ($ty:ty) => {
        impl $crate::Collect for $ty {}
    };
}

/// Would add to a list.
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {};
}

/// The list of all `T`: none. It is a value that is called or iterated over, as the crate's own is.
#[allow(non_camel_case_types)]
pub type iter<T> = list::iter<T>;
// The value of that name; the type above comes first where a type is meant.
#[doc(hidden)]
pub use value::*;

mod value {
    pub use crate::list::iter::iter;
}

mod list {
    use core::convert::Infallible;
    use core::iter::Empty;
    use core::marker::PhantomData;
    use core::ops::Deref;

    #[allow(non_camel_case_types)]
    pub enum iter<T> {
        iter,
        #[doc(hidden)]
        Of(Infallible, PhantomData<fn() -> T>),
    }

    impl<T: crate::Collect> IntoIterator for iter<T> {
        type Item = &'static T;
        type IntoIter = Empty<&'static T>;

        fn into_iter(self) -> Self::IntoIter {
            core::iter::empty()
        }
    }

    impl<T: crate::Collect> Deref for iter<T> {
        type Target = fn() -> Empty<&'static T>;

        fn deref(&self) -> &Self::Target {
            &(core::iter::empty as fn() -> Empty<&'static T>)
        }
    }
}
