//! A whole server in this process: real sockets on loopback, a clock that the test drives, and a
//! disk that fails when it is told to.
//!
//! Invariants: nothing here waits for a time; whoever waits, waits for a condition, and a guard
//! ends the test with a message where the condition never comes. Deliberately not here: the program
//! and its processes (`tests/it` of the root).

mod again;
mod callbacks;
mod conversations;
mod finance;
mod front;
mod isolation;
mod phones;
mod platform;
mod pressure;
mod relayed;
mod restart;
mod rig;
mod shop;
mod sources;
mod together;
mod wire;
mod youzan;
