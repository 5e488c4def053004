//! Delta statistics of one file, gathered while its rows are written.

mod literal;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::{MaxAccumulator, MinAccumulator};
use datafusion::logical_expr::Accumulator as _;

use self::literal::{json_text, lower_literal, upper_literal};

/// What is known of the rows so far: how many, and of each column nulls, smallest and largest value.
#[derive(Debug)]
pub(crate) struct FileStats {
    rows: u64,
    columns: Vec<ColumnStats>,
}

#[derive(Debug)]
struct ColumnStats {
    name: String,
    nulls: u64,
    min: MinAccumulator,
    max: MaxAccumulator,
}

impl FileStats {
    pub(crate) fn new(schema: &Schema) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| {
            Ok(ColumnStats {
                name: field.name().clone(),
                nulls: 0,
                min: MinAccumulator::try_new(field.data_type())?,
                max: MaxAccumulator::try_new(field.data_type())?,
            })
        });
        Ok(Self {
            rows: 0,
            columns: columns.collect::<Result<_>>()?,
        })
    }

    /// Takes in rows of the schema that the statistics were made for.
    pub(crate) fn update(&mut self, rows: &RecordBatch) -> Result<()> {
        self.rows += rows.num_rows() as u64;
        for (column, values) in self.columns.iter_mut().zip(rows.columns()) {
            column.nulls += values.logical_null_count() as u64;
            column.min.update_batch(std::slice::from_ref(values))?;
            column.max.update_batch(std::slice::from_ref(values))?;
        }
        Ok(())
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The statistics as the Delta protocol writes them. Bounds that JSON cannot hold are left out.
    pub(crate) fn into_json(mut self) -> Result<String> {
        let (mut min, mut max, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
        for column in &mut self.columns {
            let name = json_text(&column.name);
            nulls.push(format!("{name}:{}", column.nulls));
            let smallest = lower_literal(&column.min.evaluate()?);
            let largest = upper_literal(&column.max.evaluate()?);
            min.extend(smallest.map(|value| format!("{name}:{value}")));
            max.extend(largest.map(|value| format!("{name}:{value}")));
        }
        Ok(format!(
            "{{\"numRecords\":{},\"minValues\":{{{}}},\"maxValues\":{{{}}},\"nullCount\":{{{}}}}}",
            self.rows,
            min.join(","),
            max.join(","),
            nulls.join(",")
        ))
    }
}
