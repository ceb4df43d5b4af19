//! The vocabulary as columns: ids, times in milliseconds, and the numbers of states and origins.

use crate::event::{AlertStatus, Severity};
use crate::gateway::journal::notification::{NewsEnd, StoredFate};
use crate::gateway::journal::number::StoredNumber;
use crate::gateway::journal::{DeliveryId, DeliveryState, MessageUlid, PushId, PushOrigin, SilenceEndCause, SilenceId};
use crate::notification::{
    AlertEntry, AlertId, DueClass, FallbackState, GroupId, HoldState, ListeningTime, MessageEnd, MessageId,
    MessageReason, NewsOrigin, PassState, RoutingState,
};
use crate::time::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use ulid::Ulid;

impl ToSql for PushId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_bytes().to_vec().into())
    }
}

impl FromSql for PushId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|bytes| Self(Ulid::from_bytes(bytes)))
    }
}

impl ToSql for MessageUlid {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_bytes().to_vec().into())
    }
}

impl FromSql for MessageUlid {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|bytes| Self(Ulid::from_bytes(bytes)))
    }
}

/// A type that is a number in its column.
macro_rules! number_column {
    ($type:ty, $to_number:expr, $from_number:expr) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok($to_number(*self).into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let number = value.as_i64()?;
                $from_number(number).ok_or(FromSqlError::OutOfRange(number))
            }
        }
    };
}

number_column!(DeliveryId, |id: Self| id.0, |number| Some(Self(number)));
number_column!(Timestamp, Self::epoch_milliseconds, |number| Some(Self::from_epoch_milliseconds(number)));
number_column!(DeliveryState, Self::number, Self::from_number);
number_column!(PushOrigin, Self::number, Self::from_number);
number_column!(ListeningTime, |time: Self| i64::try_from(time.0).unwrap_or(i64::MAX), |number| u64::try_from(number)
    .ok()
    .map(Self));
number_column!(MessageId, |id: Self| id.0.cast_signed(), |number: i64| Some(Self(number.cast_unsigned())));
number_column!(Severity, StoredNumber::stored, StoredNumber::from_stored);
number_column!(AlertStatus, StoredNumber::stored, StoredNumber::from_stored);
number_column!(HoldState, StoredNumber::stored, StoredNumber::from_stored);
number_column!(RoutingState, StoredNumber::stored, StoredNumber::from_stored);
number_column!(AlertEntry, StoredNumber::stored, StoredNumber::from_stored);
number_column!(FallbackState, StoredNumber::stored, StoredNumber::from_stored);
number_column!(PassState, StoredNumber::stored, StoredNumber::from_stored);
number_column!(NewsOrigin, StoredNumber::stored, StoredNumber::from_stored);
number_column!(DueClass, StoredNumber::stored, StoredNumber::from_stored);
number_column!(MessageReason, StoredNumber::stored, StoredNumber::from_stored);
number_column!(StoredFate, StoredNumber::stored, StoredNumber::from_stored);
number_column!(MessageEnd, StoredNumber::stored, StoredNumber::from_stored);
number_column!(NewsEnd, StoredNumber::stored, StoredNumber::from_stored);
number_column!(SilenceEndCause, StoredNumber::stored, StoredNumber::from_stored);

/// A type that is 16 bytes in its column.
macro_rules! bytes_column {
    ($type:ident) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <[u8; 16]>::column_result(value).map(Self)
            }
        }
    };
}

bytes_column!(AlertId);
bytes_column!(GroupId);
bytes_column!(SilenceId);
