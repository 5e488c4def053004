//! Numbers in the place of members while facts are grouped: a small number is carried, hashed and compared faster than keys and texts.
//!
//! Each level has a number of its own for each of its members, given as they come and known to one query only; the members are told
//! again by their numbers when the groups are made.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray, new_null_array};
use arrow::datatypes::{DataType, Int32Type};
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{HashMap, Result, exec_datafusion_err, plan_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The number of no text.
const NOTHING: i32 = 0;
/// The number of every text beyond the first [`TEXTS`].
pub(crate) const BEYOND: i32 = -1;
/// So many different texts get numbers.
const TEXTS: usize = 1 << 16;

/// The numbers of the members of one level in one query.
#[derive(Debug, Clone)]
pub(crate) struct MemberCodes(Arc<Numbered>);

#[derive(Debug)]
struct Numbered {
    known: Known,
    types: Vec<DataType>,
}

#[derive(Debug)]
enum Known {
    /// Texts of a column, up to a limit.
    Texts(RwLock<Texts>),
    /// Rows of several columns.
    Rows(Mutex<Rows>),
}

#[derive(Debug, Default)]
struct Texts {
    numbers: HashMap<Arc<str>, i32>,
    texts: Vec<Arc<str>>,
}

struct Rows {
    converter: RowConverter,
    numbers: HashMap<OwnedRow, i32>,
    rows: Vec<OwnedRow>,
    memory: MemoryReservation,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows", self.rows.len())
    }
}

impl MemberCodes {
    /// Numbers of the texts of a column.
    pub(crate) fn of_texts() -> Self {
        Self::of(Known::Texts(RwLock::default()), vec![DataType::Utf8])
    }

    /// Numbers of rows of columns of these types, whose memory is counted.
    pub(crate) fn of_rows(types: Vec<DataType>, pool: &Arc<dyn MemoryPool>) -> Result<Self> {
        let fields = types.iter().cloned().map(SortField::new);
        let rows = Rows {
            converter: RowConverter::new(fields.collect())?,
            numbers: HashMap::default(),
            rows: Vec::new(),
            memory: MemoryConsumer::new("members of a level").register(pool),
        };
        Ok(Self::of(Known::Rows(Mutex::new(rows)), types))
    }

    fn of(known: Known, types: Vec<DataType>) -> Self {
        Self(Arc::new(Numbered { known, types }))
    }

    /// The number of the member that some columns say.
    pub(crate) fn code(&self, columns: Vec<Expr>) -> Expr {
        self.call(Way::Number, columns)
    }

    /// A column of the member with a number; null for no number, and for one that is of many texts.
    pub(crate) fn told(&self, code: Expr, column: usize) -> Expr {
        self.call(Way::Told(column), vec![code])
    }

    fn call(&self, way: Way, arguments: Vec<Expr>) -> Expr {
        let signature = Signature::any(arguments.len(), Volatility::Immutable);
        ScalarUDF::new_from_impl(Coding {
            codes: self.clone(),
            way,
            signature,
        })
        .call(arguments)
    }
}

impl Numbered {
    fn number(&self, columns: &[ArrayRef]) -> Result<Int32Array> {
        match (&self.known, columns) {
            (Known::Rows(rows), columns) => {
                let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                rows.number(columns)
            }
            (Known::Texts(known), [texts]) => Ok(numbered(known, texts.as_string())),
            (Known::Texts(_), _) => plan_err!("the number of a text needs one column"),
        }
    }

    fn told(&self, codes: &Int32Array, column: usize) -> Result<ArrayRef> {
        match &self.known {
            Known::Texts(known) => {
                let known = known.read().unwrap_or_else(PoisonError::into_inner);
                Ok(Arc::new(known.told(codes)))
            }
            Known::Rows(rows) => {
                let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                rows.told(codes, column, &self.types)
            }
        }
    }
}

/// The numbers of texts; those that are new wait until nobody else looks.
fn numbered(known: &RwLock<Texts>, texts: &StringArray) -> Int32Array {
    let found: Vec<Option<i32>> = {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        texts.iter().map(|text| known.number(text)).collect()
    };
    if found.iter().all(Option::is_some) {
        return found.into();
    }
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    let number = |(found, text): (Option<i32>, Option<&str>)| {
        found.unwrap_or_else(|| known.number_new(text))
    };
    let numbers: Vec<i32> = found.into_iter().zip(texts).map(number).collect();
    numbers.into()
}

impl Texts {
    fn number(&self, text: Option<&str>) -> Option<i32> {
        match text {
            None => Some(NOTHING),
            Some(text) => self.numbers.get(text).copied(),
        }
    }

    /// The number of a text, a new one as long as there are some left.
    fn number_new(&mut self, text: Option<&str>) -> i32 {
        if let Some(known) = self.number(text) {
            return known;
        }
        if self.texts.len() == TEXTS {
            return BEYOND;
        }
        let text: Arc<str> = text.unwrap_or_default().into();
        self.texts.push(Arc::clone(&text));
        let number = i32::try_from(self.texts.len()).unwrap_or(BEYOND);
        self.numbers.insert(text, number);
        number
    }

    fn told(&self, codes: &Int32Array) -> StringArray {
        let text = |code: Option<i32>| {
            let at = usize::try_from(code?).ok()?.checked_sub(1)?;
            self.texts.get(at).map(AsRef::as_ref)
        };
        codes.iter().map(text).collect()
    }
}

impl Rows {
    fn number(&mut self, columns: &[ArrayRef]) -> Result<Int32Array> {
        let found = self.converter.convert_columns(columns)?;
        let mut numbers = Vec::with_capacity(found.num_rows());
        let mut bytes = 0;
        for row in &found {
            let row = row.owned();
            let next = i32::try_from(self.rows.len());
            let next = next.map_err(|_| exec_datafusion_err!("too many members of a level"))?;
            let number = *self.numbers.entry(row).or_insert_with_key(|row| {
                self.rows.push(row.clone());
                bytes += 2 * (row.as_ref().len() + size_of::<OwnedRow>()) + size_of::<i32>();
                next
            });
            numbers.push(number);
        }
        self.memory.try_grow(bytes)?;
        Ok(numbers.into())
    }

    fn told(&self, codes: &Int32Array, column: usize, types: &[DataType]) -> Result<ArrayRef> {
        let rows = codes.iter().flatten();
        let rows = rows.filter_map(|code| self.rows.get(usize::try_from(code).ok()?));
        let columns = self.converter.convert_rows(rows.map(OwnedRow::row))?;
        let Some(values) = columns.get(column) else {
            return plan_err!("a member has no column {column}");
        };
        if codes.null_count() == 0 {
            return Ok(Arc::clone(values));
        }
        // totals have no member
        let mut next = 0_u32..;
        let places = codes.iter().map(|code| code.and_then(|_| next.next()));
        let places: arrow::array::UInt32Array = places.collect();
        match values.is_empty() {
            true => Ok(new_null_array(&types[column], codes.len())),
            false => Ok(arrow::compute::take(values, &places, None)?),
        }
    }
}

/// What is asked of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Number,
    Told(usize),
}

#[derive(Debug)]
struct Coding {
    codes: MemberCodes,
    way: Way,
    signature: Signature,
}

impl PartialEq for Coding {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.codes.0, &other.codes.0) && self.way == other.way
    }
}

impl Eq for Coding {}

impl Hash for Coding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.codes.0).hash(state);
        self.way.hash(state);
    }
}

impl ScalarUDFImpl for Coding {
    fn name(&self) -> &str {
        match self.way {
            Way::Number => "number_of_member",
            Way::Told(_) => "member_of_number",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        match self.way {
            Way::Number => Ok(DataType::Int32),
            Way::Told(column) => match self.codes.0.types.get(column) {
                Some(data_type) => Ok(data_type.clone()),
                None => plan_err!("a member has no column {column}"),
            },
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let codes = &self.codes.0;
        let found: ArrayRef = match (self.way, columns.as_slice()) {
            (Way::Number, columns) => Arc::new(codes.number(columns)?),
            (Way::Told(column), [numbers]) => {
                codes.told(numbers.as_primitive::<Int32Type>(), column)?
            }
            _ => return plan_err!("a member has one number"),
        };
        Ok(ColumnarValue::Array(found))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use datafusion::execution::memory_pool::UnboundedMemoryPool;

    use super::*;

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringArray>())
    }

    #[test]
    fn texts_come_back_by_their_numbers_and_what_is_beyond_has_none() {
        let codes = MemberCodes::of_texts();
        let first = texts(&[Some("b"), None, Some("a"), Some("b"), Some("")]);
        let numbers = codes.0.number(&[Arc::clone(&first)]).unwrap();
        assert_eq!(&codes.0.told(&numbers, 0).unwrap(), &first);
        assert_eq!(numbers.value(0), numbers.value(3));
        let many: Vec<String> = (0..TEXTS).map(|it| format!("t{it}")).collect();
        let many: ArrayRef = Arc::new(StringArray::from(many));
        let numbers = codes.0.number(&[many]).unwrap();
        let beyond = numbers.iter().flatten().filter(|it| *it == BEYOND).count();
        assert_eq!(beyond, 3);
        let again = codes
            .0
            .number(&[texts(&[Some("a"), Some("t65535"), Some("new")])]);
        assert_eq!(again.unwrap().values()[1..], [BEYOND, BEYOND]);
        let none = Int32Array::from(vec![None, Some(BEYOND)]);
        assert_eq!(codes.0.told(&none, 0).unwrap().null_count(), 2);
    }

    #[test]
    fn rows_come_back_by_their_numbers() {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let codes = MemberCodes::of_rows(vec![DataType::Int32, DataType::Utf8], &pool).unwrap();
        let years: ArrayRef = Arc::new(Int32Array::from(vec![Some(2024), None, Some(2024)]));
        let names = texts(&[Some("x"), Some("y"), Some("x")]);
        let numbers = codes
            .0
            .number(&[Arc::clone(&years), Arc::clone(&names)])
            .unwrap();
        assert_eq!(numbers.values()[..], [0, 1, 0]);
        assert_eq!(&codes.0.told(&numbers, 0).unwrap(), &years);
        assert_eq!(&codes.0.told(&numbers, 1).unwrap(), &names);
        let with_total = Int32Array::from(vec![Some(1), None, Some(0)]);
        let told = codes.0.told(&with_total, 1).unwrap();
        assert_eq!(&told, &texts(&[Some("y"), None, Some("x")]));
        let total = Int32Array::from(vec![None::<i32>]);
        assert_eq!(codes.0.told(&total, 0).unwrap().null_count(), 1);
        assert!(pool.reserved() > 0);
    }
}
