-- en: Not in: all stages but the closed ones, created after 2024
-- zh: 排除：除已关闭外的所有阶段，2024 年之后创建
with facts as (
  select outcome, sales_stage, amount_e4 from opportunity
  where sales_stage not in ('Closed Won', 'Closed Lost') and strftime('%Y', created_date) <> '2024')
select outcome, sales_stage, count(*), sum(amount_e4) as amount__e4 from facts group by 1, 2
union all select outcome, '*', count(*), sum(amount_e4) from facts group by 1
union all select '*', '*', count(*), sum(amount_e4) from facts
