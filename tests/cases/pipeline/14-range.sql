-- en: Range: open opportunities that are expected to close between 15 October and 15 December 2026
-- zh: 范围：预计于 2026 年 10 月 15 日至 12 月 15 日关闭的未结机会
select cast(strftime('%m', expected_close_date) as integer), sales_stage, count(*), sum(weighted_e4) as weighted_amount__e4
from opportunity where outcome = 'open' and expected_close_date between '2026-10-15' and '2026-12-15'
group by 1, 2
