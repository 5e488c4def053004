-- en: Roll-up: fiscal year 2026 (from April 2025), from cities up to states, with customers that cannot be added up
-- zh: 上卷：2026 财年（2025 年四月起）从城市汇总到省州，含不可相加的客户数
select state, sum(revenue_e4) as revenue__e4, count(distinct customer_id),
       sum(revenue_e4) || '/' || (count(distinct customer_id) * 10000) as revenue_per_customer__fraction
from sales where invoice_date between '2025-04-01' and '2026-03-31'
group by country, state
