//! What lists and notes say beside the model's own captions, in both languages.
//!
//! Names of columns and of kinds in CSV and JSON are for programs and stay English.

use crate::query::Language;

/// A word or phrase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phrase {
    en: &'static str,
    zh: &'static str,
}

impl Phrase {
    const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }

    /// In a language.
    pub(super) fn text(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Chinese => self.zh,
        }
    }
}

pub(super) const CUBE: Phrase = Phrase::new("Cube", "多维数据集");
pub(super) const CAPTION: Phrase = Phrase::new("Caption", "名称");
pub(super) const GRAIN: Phrase = Phrase::new("One fact row is", "粒度");
pub(super) const DESCRIPTION: Phrase = Phrase::new("Description", "说明");
pub(super) const KIND: Phrase = Phrase::new("Kind", "种类");
pub(super) const NAME: Phrase = Phrase::new("Name", "标识");
pub(super) const TYPE: Phrase = Phrase::new("Type", "类型");
pub(super) const ABOUT: Phrase = Phrase::new("About", "备注");
pub(super) const LEVEL: Phrase = Phrase::new("level", "级别");
pub(super) const SET: Phrase = Phrase::new("set", "集合");
pub(super) const ATTRIBUTE: Phrase = Phrase::new("attribute", "属性");
pub(super) const MEASURE: Phrase = Phrase::new("measure", "度量");
pub(super) const MEMBER: Phrase = Phrase::new("Member", "成员");
pub(super) const DELETED: Phrase = Phrase::new("Deleted", "已删除");
pub(super) const YES: Phrase = Phrase::new("yes", "是");
pub(super) const OF_THE_FACT: Phrase = Phrase::new("column of the fact", "事实表的列");
pub(super) const KEEPS_HISTORY: Phrase = Phrase::new(" (keeps history)", "（保留历史）");
pub(super) const MORE_MEMBERS: Phrase = Phrase::new(
    "there are more members: --page-token",
    "还有更多成员：--page-token",
);
pub(super) const MORE_ROWS: Phrase = Phrase::new(
    "there are more rows: --page-token",
    "还有更多行：--page-token",
);

/// How many rows came, how fast, and from where.
pub(super) fn summary(
    language: Language,
    rows: usize,
    milliseconds: u128,
    version: u64,
    query: &str,
) -> String {
    match (language, rows) {
        (Language::Chinese, _) => {
            format!("{rows} 行，用时 {milliseconds} 毫秒，数据仓库版本 {version}，查询 {query}")
        }
        (_, 1) => format!("1 row in {milliseconds} ms, warehouse version {version}, query {query}"),
        _ => {
            format!("{rows} rows in {milliseconds} ms, warehouse version {version}, query {query}")
        }
    }
}

/// How many fact rows a cell has, and its totals.
pub(super) fn cell(language: Language, rows: u64, totals: &str) -> String {
    match language {
        Language::English => format!("cell of {rows} rows: {totals}"),
        Language::Chinese => format!("单元格含 {rows} 行：{totals}"),
    }
}
