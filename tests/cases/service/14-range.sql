-- en: Range: cases first answered between 24 December 2025 and 6 January 2026, numbered above 1000
-- zh: 范围：2025 年 12 月 24 日至 2026 年 1 月 6 日首次答复、编号大于 1000 的个案
select answered_date, count(*), sum(reopened), sum(minutes_to_answer) || '/' || count(minutes_to_answer) as average__fraction
from service_case where answered_date between '2025-12-24' and '2026-01-06' and case_number > 1000
group by 1
