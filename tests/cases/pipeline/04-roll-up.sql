-- en: Roll-up: from months of creation up to quarters, with customers and win rate that cannot be added up
-- zh: 上卷：从创建月份汇总到季度，含不可相加的客户数与赢单率
select cast((strftime('%m', created_date) + 2) / 3 as integer), opportunity_type, count(*), count(distinct customer_id),
       sum(outcome = 'won') || '/' || sum(outcome in ('won', 'lost')) as win_rate__fraction
from opportunity
group by strftime('%Y', created_date), 1, 2
