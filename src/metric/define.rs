//! The macro that declares one table of the dictionary.

/// Declares a table: `LABELS`, `METRICS`, a constant per label in `mod label` and a constant per metric.
macro_rules! table {
    (
        $table:ident;
        labels { $( $(#[$key:ident])? $lname:ident : $lrepr:ident, $lsource:literal, $lhelp:literal; )* }
        metrics { $( $mname:ident : $kind:ident $unit:ident $repr:expr, $source:literal, $help:literal; )* }
    ) => {
        use crate::metric::{Kind, Label, LabelRepr, Metric, Repr, Table};
        use crate::unit::Unit;

        /// What identifies and describes a row's subject.
        pub const LABELS: &[Label] = &[ $( Label {
            name: stringify!($lname), repr: LabelRepr::$lrepr, key: table!(@key $($key)?),
            source: $lsource, help: $lhelp,
        } ),* ];

        /// The numbers of a row, in column order.
        pub const METRICS: &[Metric] = &[ $( {
            #[allow(unused_imports)]
            use Repr::{Bool, Fixed, Int, Time};
            Metric {
                name: stringify!($mname), table: Table::$table, kind: Kind::$kind, unit: Unit::$unit, repr: $repr,
                source: $source, help: $help,
            }
        } ),* ];

        #[allow(non_camel_case_types, dead_code)]
        enum Position { $( $mname ),* }
        $(
            #[doc = $help]
            #[allow(non_upper_case_globals, clippy::doc_markdown)]
            pub const $mname: usize = Position::$mname as usize;
        )*

        /// Positions of the labels.
        pub mod label {
            #[allow(non_camel_case_types, dead_code)]
            enum Position { $( $lname ),* }
            $(
                #[doc = $lhelp]
                #[allow(non_upper_case_globals, clippy::doc_markdown)]
                pub const $lname: usize = Position::$lname as usize;
            )*
        }
    };
    (@key key) => { true };
    (@key) => { false };
}
