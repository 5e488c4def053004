-- en: Slice: cases of priority P1 by type, with the rate of those closed
-- zh: 切片：优先级 P1 的个案按类型，含关闭率
select case_type, count(*), count(minutes_to_close), count(minutes_to_close) || '/' || count(*) as close_rate__fraction, sum(reopened)
from service_case where priority = 'P1'
group by 1
